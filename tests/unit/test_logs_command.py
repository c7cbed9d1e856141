"""`pixfleet logs`: what it prints, and how it ends."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from scripts.pixfleet.commands.logs import logs
from scripts.pixfleet.terminal.console import Console
from shared.model.errors import Misconfigured
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

KEY = "\x1b[2Jcat.jpg"


class Groups:
    """CloudWatch Logs with one line in each group, after as many refusals as `refusals`."""

    def __init__(self) -> None:
        self.refusals = 0
        self.at_ms = int(time.time() * 1000)

    def filter_log_events(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's arguments
        if self.refusals:
            self.refusals -= 1
            raise client_error("ThrottlingException", 400)
        event = {"key": KEY, "event": KEY, "outcome": request["logGroupName"], "total_seconds": 2}
        return {
            "events": [{"eventId": "1", "timestamp": self.at_ms, "message": json.dumps(event)}]
        }


def context(
    groups: Groups, names: tuple[str, ...] = ("one", "two"), *, as_json: bool = False
) -> Any:  # noqa: ANN401 - what the command reads
    return SimpleNamespace(
        stack=SimpleNamespace(log_groups=names),
        clients=SimpleNamespace(logs=groups),
        console=Console(as_json=as_json),
    )


def run(given: Any, *, follow: bool = False) -> None:  # noqa: ANN401 - as above
    logs(given, KEY, follow=follow, since="1h", every=2.0)


def test_a_line_of_each_group_is_printed_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(context(Groups()))

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("outcome=")[1] for line in lines] == ["one total=2.00s", "two total=2.00s"]
    assert "\x1b" not in "".join(lines)


def test_json_is_a_document_for_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(context(Groups(), as_json=True))

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in found] == [KEY, KEY]


def test_following_goes_on_through_an_outage_until_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    groups, looks = Groups(), [None, None, KeyboardInterrupt]
    groups.refusals = 2

    def sleep(_seconds: float) -> None:
        if problem := looks.pop(0):
            raise problem

    monkeypatch.setattr(time, "sleep", sleep)

    with pytest.raises(KeyboardInterrupt):
        run(context(groups), follow=True)

    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert printed.err.count("could not be read") == 1


def test_a_log_that_cannot_be_read_is_an_error() -> None:
    groups = Groups()
    groups.refusals = 1

    with pytest.raises(typer.Exit) as ended:
        run(context(groups, ("one",)))

    assert ended.value.exit_code == 1


def test_a_stack_without_a_log_group_is_refused() -> None:
    with pytest.raises(Misconfigured):
        run(context(Groups(), ()))


class LongLog:
    """CloudWatch Logs with ten thousand lines on a hundred pages, the newest first on each."""

    def filter_log_events(self, *, nextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: ANN401, N803 - boto3's
        page = int(nextToken)
        events = [
            {
                "eventId": str(number),
                "timestamp": int(time.time() * 1000),
                "message": json.dumps({"key": KEY, "event": str(number)}),
            }
            for number in range(page * 100, page * 100 + 100)
        ]
        return {"events": events, **({"nextToken": str(page + 1)} if page < 99 else {})}


def test_ten_thousand_lines_are_printed_once_page_by_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log: Any = LongLog()

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", stop)

    with pytest.raises(KeyboardInterrupt):
        run(context(log, ("one",), as_json=True), follow=True)

    found = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert found == [str(number) for number in range(10_000)]
