"""CloudWatch's metrics of the lanes and of the renderer, of the last minutes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.model.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MINUTE = 60
WINDOW_MINUTES = 5
# The last minute of a metric is not complete yet.
LATE_MINUTES = 1
# How requests for what the bucket lacked were answered: see docs/metrics.md.
ANSWERED = ("found", "copied", "rendered", "missing", "rejected", "unavailable")
RENDERER_COUNTS = ("on_demand_stores", "stores_refused", "edge_blind")


@dataclass(frozen=True, slots=True)
class Figures:
    """By lane: the age of the oldest message in seconds, and the sources processed a second.

    `forwarded` is how many sources a lane left to its larger lane in the window. A lane without
    data points is in none of them. The rate is that of the minutes in which a lane
    processed something: an idle minute says nothing about how fast the lane is. `on_demand` has
    how many requests the renderer has answered in which way, how many objects it stored or could
    not store, and how often the edge could not read the bucket; only what has happened.
    """

    oldest_seconds: Mapping[str, float] = field(default_factory=dict)
    per_second: Mapping[str, float] = field(default_factory=dict)
    on_demand: Mapping[str, int] = field(default_factory=dict)
    forwarded: Mapping[str, int] = field(default_factory=dict)


def read_figures(cloudwatch: "CloudWatchClient", stack: Stack, now: float) -> Figures:
    """Return the metrics of the last minutes; `now` in seconds since the epoch."""
    end = now // MINUTE * MINUTE
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(_queries(stack)),
        StartTime=datetime.fromtimestamp(end - (WINDOW_MINUTES + LATE_MINUTES) * MINUTE, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
        ScanBy="TimestampDescending",
    )
    oldest: dict[str, float] = {}
    processed: dict[str, Counter[datetime]] = {}
    on_demand: dict[str, int] = {}
    forwarded: dict[str, int] = {}
    for each in (each for page in pages for each in page["MetricDataResults"]):
        figure, lane = each["Label"].split()
        if not (values := each["Values"]):
            continue
        if figure == "renderer":
            on_demand[lane] = round(sum(values))
        elif figure == "oldest":
            oldest.setdefault(lane, values[0])
        elif figure == "forwarded":
            forwarded[lane] = round(sum(values))
        else:
            by_minute = processed.setdefault(lane, Counter())
            for minute, value in zip(each["Timestamps"], values, strict=True):
                by_minute[minute] += int(value)
    per_second = {lane: _per_second(found) for lane, found in processed.items()}
    return Figures(oldest, per_second, on_demand, forwarded)


def _per_second(by_minute: Mapping[datetime, int]) -> float:
    busy = [count for count in by_minute.values() if count]
    return sum(busy) / (len(busy) * MINUTE) if busy else 0.0


def oldest_queries(stack: Stack) -> "Iterable[MetricDataQueryTypeDef]":
    """Yield what asks for the age of the oldest message of each lane, by label `oldest LANE`."""
    for lane, place in stack.lanes.items():
        queue = {"QueueName": place.queue}
        yield _query(f"oldest {lane}", "AWS/SQS", "ApproximateAgeOfOldestMessage", queue)


def _queries(stack: Stack) -> "Iterable[MetricDataQueryTypeDef]":
    yield from oldest_queries(stack)
    for lane, place in stack.lanes.items():
        ours = {"fleet": stack.prefix, "lane": lane}
        yield _query(f"processed {lane}", "Pixfleet", "rejections", ours)
        if place.larger:
            yield _query(f"forwarded {lane}", "Pixfleet", "forwards", ours)
        for outcome in Outcome:
            dimensions = {**ours, "outcome": outcome.value}
            yield _query(f"processed {lane} {outcome}", "Pixfleet", "images", dimensions)
    if stack.renderer:
        fleet = {"fleet": stack.prefix}
        for answered in ANSWERED:
            answers = {"answered": answered, **fleet}
            yield _query(f"renderer {answered}", "Pixfleet", "answers", answers)
        for count in RENDERER_COUNTS:
            yield _query(f"renderer {count}", "Pixfleet", count, fleet)


def _query(
    label: str, namespace: str, metric: str, dimensions: Mapping[str, str]
) -> "MetricDataQueryTypeDef":
    figure_and_lane = " ".join(label.split()[:2])
    return {
        "Id": label.replace(" ", "_").replace("-", "_"),
        "Label": figure_and_lane,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [
                    {"Name": name, "Value": value} for name, value in dimensions.items()
                ],
            },
            "Period": MINUTE,
            "Stat": "Maximum" if metric.startswith("Approximate") else "Sum",
        },
    }
