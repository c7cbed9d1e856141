import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from scripts.pixfleet.image.logs import KeyLog, read_log

pytestmark = pytest.mark.unit

KEY = 'a*"b\\.jpg'


class _Logs:
    """CloudWatch Logs with these pages; an exception among them is raised."""

    def __init__(self, *pages: list[dict[str, Any]] | Exception) -> None:
        self._pages = list(pages)
        self.requests: list[dict[str, Any]] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's arguments
        self.requests.append(dict(request))
        page = self._pages.pop(0)
        if isinstance(page, Exception):
            raise page
        more = {"nextToken": "more"} if self._pages else {}
        return {"events": page, **more}


def _event(at: int, **fields: object) -> dict[str, Any]:
    return {"timestamp": at * 1000, "message": json.dumps(fields)}


def _read(logs: _Logs) -> KeyLog:
    return read_log(cast("Any", logs), "group", KEY, since=5.0)


def test_lines_of_every_page_are_returned_in_order() -> None:
    done = _event(20, key=KEY, event="image done", outcome="made", total_seconds=1.5)
    delayed = _event(10, key=KEY, event="image delayed", cause="throttled")
    logs = _Logs([done], [], [delayed])

    log = _read(logs)

    assert [line.event for line in log.lines] == ["image delayed", "image done"]
    assert log.lines[1].timings == {"total_seconds": 1.5}
    assert log.note == ""
    assert logs.requests[0]["filterPattern"] == '{ $.key = "a*\\"b\\\\.jpg" }'
    assert logs.requests[0]["startTime"] == 5000


def test_lines_of_a_similar_key_are_left_out() -> None:
    logs = _Logs([_event(1, key='aXX"b\\.jpg'), {"timestamp": 1, "message": "no JSON"}])

    log = _read(logs)

    assert log.lines == ()


def test_an_access_denied_error_becomes_a_note() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "FilterLogEvents")
    logs = _Logs([_event(1, key=KEY, event="image done")], denied)

    log = _read(logs)

    assert len(log.lines) == 1
    assert "could not be read" in log.note


def test_a_long_log_is_read_in_part() -> None:
    logs = _Logs(*([] for _ in range(100)))

    log = _read(logs)

    assert len(logs.requests) < 100
    assert "only its beginning was searched" in log.note


def test_a_stack_without_a_log_group_gets_a_note() -> None:
    assert "no log group" in read_log(cast("Any", _Logs()), "", KEY, since=0.0).note
