"""`pixfleet logs --follow`: each line once, whatever CloudWatch Logs does in between."""

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from scripts.pixfleet.image.log_follower import LATE_SECONDS, LogFollower
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

KEY = 'a*"b.jpg'
START = 1_000.0


class GrowingLog:
    """A log group of which every call returns one page of two lines, and `trouble` once."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []
        self.trouble: Exception | None = None
        self.starts: list[float] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's arguments
        if trouble := self.trouble:
            self.trouble = None
            raise trouble
        self.starts.append(request["startTime"] / 1000)
        found = [
            {
                "eventId": event,
                "timestamp": int(at * 1000),
                "message": json.dumps({"key": KEY, "event": event}),
            }
            for at, event in self.lines
            if at >= self.starts[-1]
        ]
        at = int(request.get("nextToken", "0"))
        more = {"nextToken": str(at + 2)} if len(found) > at + 2 else {}
        return {"events": found[at : at + 2], **more}


@pytest.fixture(name="log")
def _log() -> GrowingLog:
    return GrowingLog()


@pytest.fixture(name="follower")
def _follower(log: GrowingLog) -> LogFollower:
    return LogFollower(cast("Any", log), "group", KEY, START)


def looked(follower: LogFollower) -> list[str]:
    return [line.event for line in follower.look()]


def test_each_look_yields_what_is_new(log: GrowingLog, follower: LogFollower) -> None:
    log.lines = [(START, "a"), (START + 1, "b"), (START + 2, "c")]
    assert looked(follower) == ["a", "b", "c"]
    assert looked(follower) == []

    log.lines.append((START + 3, "d"))

    assert looked(follower) == ["d"]


def test_a_line_that_arrives_late_is_yielded_once(log: GrowingLog, follower: LogFollower) -> None:
    log.lines = [(START + 100, "new")]
    assert looked(follower) == ["new"]

    log.lines.insert(0, (START + 101 - LATE_SECONDS, "late"))

    assert looked(follower) == ["late"]
    assert looked(follower) == []


def test_a_look_does_not_begin_again_at_the_start(log: GrowingLog, follower: LogFollower) -> None:
    log.lines = [(START + each, f"line {each}") for each in range(200)]
    assert len(looked(follower)) == 200

    assert looked(follower) == []

    assert log.starts[-1] == START + 199 - LATE_SECONDS
    assert len(follower._yielded) == LATE_SECONDS + 1


def test_after_an_outage_the_missed_lines_are_yielded(
    log: GrowingLog, follower: LogFollower
) -> None:
    log.lines = [(START, "a")]
    log.trouble = client_error("ThrottlingException", 400)

    assert looked(follower) == []
    assert follower.trouble
    assert looked(follower) == ["a"]
    assert not follower.trouble


def test_a_line_of_the_first_millisecond_is_yielded_once(log: GrowingLog) -> None:
    follower = LogFollower(cast("Any", log), "group", KEY, START + 0.0004)
    log.lines = [(START, "a")]

    assert looked(follower) == ["a"]
    assert looked(follower) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_what_does_not_pass_ends_it(log: GrowingLog, follower: LogFollower, code: str) -> None:
    log.trouble = client_error(code, 400)

    with pytest.raises(ClientError):
        looked(follower)
