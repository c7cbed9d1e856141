"""The log line of a request, and the metrics in it."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.model.errors import Throttled
from shared.model.recipe import Slot
from shared.telemetry.metrics import FLEET, METRICS
from tests.support.fakes import FakeClock
from worker.renderer.request import Asked
from worker.renderer.request_log import Answered, RequestLog
from worker.renderer.response import Response, missing, unavailable

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
ASKED = Asked("a.jpg", "w64.webp", ("w64", Slot.WEBP))
PARTS = ("ledger", "head", "look", "lock", "fetch", "wait", "render", "store")


def line(request_log: RequestLog, response: Response) -> dict[str, object]:
    with capture_logs() as logs:
        request_log.log_response(response)
    return dict(logs[0])


def full() -> RequestLog:
    clock = FakeClock()
    request_log = RequestLog(clock, "request-1", ASKED, Answered.RENDERED)
    for part in PARTS:
        clock.at += 0.125
        request_log.add_timing(part)
    request_log.renders, request_log.is_stored = 1, True
    return request_log


def test_a_line_says_what_was_asked_and_answered_and_where_the_time_went() -> None:
    found = line(full(), Response(200, {}, b"pixels"))

    assert found == {
        "event": "request answered",
        "log_level": "info",
        "key": "a.jpg",
        "name": "w64.webp",
        "request_id": "request-1",
        "status": 200,
        "answered": "rendered",
        "answers": 1,
        "answer_bytes": 6,
        "answer_seconds": 1.0,
        **{f"{part}_seconds": 0.125 for part in PARTS},
        "on_demand_renders": 1,
        "on_demand_stores": 1,
    }


def test_a_refused_store_says_why() -> None:
    request_log = full()
    request_log.is_stored, request_log.not_stored = False, "claimed: by another"

    found = line(request_log, Response(200, {}))

    assert (found["stores_refused"], found["not_stored"]) == (1, "claimed: by another")
    assert "on_demand_stores" not in found


def test_trouble_is_a_warning_with_its_cause() -> None:
    request_log = RequestLog(FakeClock(), failure=Throttled("said AWS", stage="head"))

    found = line(request_log, unavailable("throttled"))

    assert (found["log_level"], found["answered"]) == ("warning", "unavailable")
    assert (found["cause"], found["stage"], found["detail"]) == ("throttled", "head", "said AWS")


def test_a_404_is_counted_and_its_cause_noted() -> None:
    request_log = RequestLog(FakeClock(), answered=Answered.REJECTED)

    found = line(request_log, missing("too_costly"))

    assert (found["not_found"], found["cause"], found["log_level"]) == (1, "too_costly", "info")


def test_an_edge_that_cannot_read_the_bucket_is_a_warning() -> None:
    request_log = RequestLog(FakeClock(), answered=Answered.FOUND, is_blind=True)

    found = line(request_log, Response(200, {}))

    assert (found["edge_blind"], found["log_level"]) == (1, "warning")


def test_server_timing_has_every_part_in_milliseconds() -> None:
    timing = full().server_timing()

    assert timing == ", ".join(f"{part};dur=125" for part in PARTS)


def test_the_page_knows_every_field_of_a_requests_line() -> None:
    request_log = full()
    request_log.is_blind, request_log.not_stored = True, "claimed"
    request_log.failure = Throttled("said AWS", stage="head")
    fields = {*line(request_log, missing("x")), *line(full(), Response(200, {}))}
    section = PAGE.partition("## The line of a request")[2].partition("\n## ")[0]

    unknown = {name for name in fields - {"log_level", "event"} if f"`{name}`" not in section}

    assert unknown == set()


def test_every_metric_of_requests_is_a_field_of_their_line() -> None:
    request_log = full()
    request_log.is_blind, request_log.not_stored = True, "claimed"
    fields = {*line(request_log, missing("x")), *line(full(), Response(200, {}))}

    own = ((FLEET,),), ((FLEET, "answered"),)
    metrics = {metric.name for metric in METRICS if metric.dimension_sets in own}
    of_purges = {name for name in metrics if name.startswith("purge")}

    assert metrics - of_purges <= fields
