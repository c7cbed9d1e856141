import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from shared.model.errors import Cause, Corrupt, Failure, Outside, Throttled
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.source import Source
from shared.telemetry.logging import configure_logging
from shared.telemetry.metrics import METRICS, NAMESPACE, Metric, MetricEmbedder, Unit
from tests.support.fakes import FakeClock
from worker.record_log import RecordLog
from worker.renderer.request_log import Answered
from worker.result import KeyResult, RecordOutcome
from worker.work import Work

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
LANES = ("live", "bulk")
AT = "2024-05-04T12:00:00.250000Z"
AT_MILLISECONDS = 1_714_824_000_250
NOW = datetime.fromtimestamp(FakeClock().at, UTC)


@pytest.fixture(autouse=True)
def _forgets_its_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def embedded(fleet: str = "photos", /, **fields: object) -> dict[str, Any]:
    line = {"event": "x", "timestamp": AT, **fields}
    return dict(MetricEmbedder(fleet)(None, "info", line))


def require_emf(line: Mapping[str, Any]) -> set[str]:
    """Check a line against the JSON schema of the specification and return its metrics' names.

    And what the schema leaves to the text: every target member is there, and of the right type.
    """
    metadata = line["_aws"]
    assert isinstance(metadata["Timestamp"], int)
    assert metadata["CloudWatchMetrics"]
    names: list[str] = []
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 1 <= len(directive["Namespace"]) <= 1024
        assert directive["Dimensions"]
        for dimensions in directive["Dimensions"]:
            assert 1 <= len(dimensions) <= 30
            for dimension in dimensions:
                assert 1 <= len(dimension) <= 250
                assert isinstance(line[dimension], str)
                assert 1 <= len(line[dimension]) <= 1024
        assert 1 <= len(directive["Metrics"]) <= 100
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"}
            assert re.fullmatch("(Seconds|Microseconds|Milliseconds|Bytes|Count)", metric["Unit"])
            value = line[metric["Name"]]
            assert isinstance(value, int | float)
            assert math.isfinite(value)
            names.append(metric["Name"])
    assert len(names) == len(set(names)), "a metric would be counted twice"
    return set(names)


def made() -> RecordLog:
    work = Work("a\n🐈.jpg", ("m1",), lane="live", happened_at=NOW - timedelta(seconds=4))
    record_log = RecordLog(work, FakeClock())
    record_log.source = Source("a\n🐈.jpg", etag="abc", size_bytes=7)
    record_log.recipe = Recipe("one", (Variant("w64", (Slot.WEBP,)),))
    record_log.add_timing("render")
    return record_log


def result_of(outcome: RecordOutcome) -> KeyResult:
    return KeyResult(outcome, changed_at=FakeClock().at, variants=3, variant_bytes=300)


LINES: Mapping[str, tuple[Outcome | Failure, set[str]]] = {
    "made": (
        Outcome.MADE,
        {"images", "complete_seconds", "render_seconds", "source_bytes", "variant_bytes"},
    ),
    "current": (Outcome.CURRENT, {"images", "render_seconds", "source_bytes"}),
    "rejected": (
        Corrupt("Expected pixels."),
        {"failures", "rejections", "render_seconds", "source_bytes"},
    ),
    "delayed": (Throttled("Slow down."), {"failures", "render_seconds", "source_bytes"}),
}


@pytest.mark.parametrize(("outcome", "names"), LINES.values(), ids=LINES.keys())
def test_the_line_of_an_image_is_its_metrics(
    capsys: pytest.CaptureFixture[str],
    outcome: Outcome | Failure,
    names: set[str],
) -> None:
    configure_logging("json", fleet="photos")

    made().log_outcome(result_of(outcome))

    (line,) = capsys.readouterr().err.splitlines()
    assert require_emf(json.loads(line)) == names


def test_a_console_is_spared_the_metadata(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("console")

    made().log_outcome(result_of(Outcome.MADE))

    said = capsys.readouterr().err
    assert "images=1" in said
    assert "_aws" not in said


def test_a_line_tells_which_metrics_it_has_and_by_what() -> None:
    line = embedded(lane="live", cause="corrupt", failures=1, source_bytes=7)

    assert line["_aws"] == {
        "Timestamp": AT_MILLISECONDS,
        "CloudWatchMetrics": [
            {
                "Namespace": "Pixfleet",
                "Dimensions": [["fleet", "cause"], ["fleet", "lane"]],
                "Metrics": [{"Name": "failures", "Unit": "Count"}],
            },
            {
                "Namespace": "Pixfleet",
                "Dimensions": [["fleet", "lane"]],
                "Metrics": [{"Name": "source_bytes", "Unit": "Bytes"}],
            },
        ],
    }


def test_a_batch_that_stopped_is_counted_by_its_cause() -> None:
    line = embedded(batches_stopped=1, cause="throttled", held_back=7)

    assert require_emf(line) == {"batches_stopped"}
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["fleet", "cause"]]


@pytest.mark.parametrize("lane", [None, "", 7])
def test_a_metric_without_its_dimension_is_none(lane: object) -> None:
    line = embedded(lane=lane, cause="corrupt", failures=1, source_bytes=7)

    assert require_emf(line) == {"failures"}
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["fleet", "cause"]]


@pytest.mark.parametrize("value", ["7", None, True, math.nan, math.inf, [7]], ids=repr)
def test_what_is_no_finite_number_is_no_metric(value: object) -> None:
    assert "_aws" not in embedded(lane="live", source_bytes=value)


def test_a_line_without_metrics_is_left_alone() -> None:
    assert embedded(lane="live", key="a.jpg") == {
        "event": "x",
        "timestamp": AT,
        "lane": "live",
        "key": "a.jpg",
    }


def test_a_line_has_the_fleet_of_its_worker_whatever_its_fields_say() -> None:
    line = embedded("photos", fleet="another", lane="live", source_bytes=7)

    assert line["fleet"] == "photos"


def test_without_a_fleet_there_are_no_metrics() -> None:
    assert "_aws" not in embedded("", fleet="another", lane="live", source_bytes=7)


def test_every_set_of_dimensions_has_the_fleet() -> None:
    sets = [each for metric in METRICS for each in metric.dimension_sets]

    assert [each for each in sets if "fleet" not in each] == []


def test_zero_is_a_figure() -> None:
    assert require_emf(embedded(lane="live", complete_seconds=0)) == {"complete_seconds"}


def test_names_are_few_enough_and_none_twice() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS) < 100


def documented() -> dict[str, tuple[str, str]]:
    """Return unit and dimensions of each metric in the page's table."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (`.*?`) \|", PAGE, re.MULTILINE)
    return {name: (unit, by) for name, unit, by in rows if unit in set(Unit)}


def test_the_page_lists_every_metric_as_it_is() -> None:
    def by(metric: Metric) -> str:
        sets = [", ".join(f"`{name}`" for name in each) for each in metric.dimension_sets]
        return "; ".join(sets)

    expected = {metric.name: (metric.unit.value, by(metric)) for metric in METRICS}

    assert documented() == expected
    assert f"`{NAMESPACE}`" in PAGE


def test_the_page_knows_every_field_of_an_images_line() -> None:
    record_log = made()
    for name in ("fetch", "wait", "upload", "publish"):
        record_log.add_timing(name)
    fields: set[str] = set()
    for outcome, _names in LINES.values():
        with structlog.testing.capture_logs() as lines:
            record_log.log_outcome(result_of(outcome))
        fields |= set(lines[0])

    unknown = {name for name in fields - {"log_level"} if f"| `{name}`" not in PAGE}

    assert unknown == set()


def test_the_page_counts_what_cloudwatch_will_charge_for() -> None:
    values = {
        "answered": len(Answered),
        "cause": len(Cause),
        "fleet": 1,
        "lane": len(LANES),
        "outcome": len(Outcome),
    }
    stopped = {**values, "cause": len(Outside.__subclasses__())}
    most = sum(
        math.prod(
            (stopped if metric.name == "batches_stopped" else values)[name] for name in dimensions
        )
        for metric in METRICS
        for dimensions in metric.dimension_sets
    )

    (count, price) = re.findall(r"at most (\d+) custom metrics, \$(\d+\.\d\d) a month", PAGE)[0]

    assert (int(count), price) == (most, f"{most * 0.3:.2f}")
