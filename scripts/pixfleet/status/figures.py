"""What CloudWatch knows of the lanes: how old the oldest message is, how many sources ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.document import Stack
from shared.model.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MINUTE = 60
MINUTES = 5
# A metric's last minute is not whole yet, and comes late.
LATE_MINUTES = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """By lane: the age of the oldest message in seconds, and sources ended per second.

    A lane of which CloudWatch knows nothing stands in neither.
    """

    oldest_seconds: Mapping[str, float] = field(default_factory=dict)
    per_second: Mapping[str, float] = field(default_factory=dict)


def figures_of(cloudwatch: "CloudWatchClient", stack: Stack, now: float) -> Figures:
    """Return what CloudWatch says of the last minutes."""
    end = now // MINUTE * MINUTE
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(_queries(stack)),
        StartTime=datetime.fromtimestamp(end - (MINUTES + LATE_MINUTES) * MINUTE, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
        ScanBy="TimestampDescending",
    )
    oldest: dict[str, float] = {}
    ended: dict[str, float] = {}
    for each in (each for page in pages for each in page["MetricDataResults"]):
        what, lane = each["Label"].split()
        if not (values := each["Values"]):
            continue
        if what == "oldest":
            oldest.setdefault(lane, values[0])
        else:
            ended[lane] = ended.get(lane, 0.0) + sum(values)
    seconds = (MINUTES + LATE_MINUTES) * MINUTE
    return Figures(oldest, {lane: count / seconds for lane, count in ended.items()})


def _queries(stack: Stack) -> "Iterable[MetricDataQueryTypeDef]":
    for lane, place in stack.lanes.items():
        queue = {"QueueName": place.queue}
        yield _query(f"oldest {lane}", "AWS/SQS", "ApproximateAgeOfOldestMessage", queue)
        yield _query(f"ended {lane}", "Pixfleet", "rejections", {"lane": lane})
        for outcome in Outcome:
            by = {"lane": lane, "outcome": outcome.value}
            yield _query(f"ended {lane} {outcome}", "Pixfleet", "images", by)


def _query(
    label: str, namespace: str, metric: str, dimensions: Mapping[str, str]
) -> "MetricDataQueryTypeDef":
    shown = " ".join(label.split()[:2])
    return {
        "Id": label.replace(" ", "_").replace("-", "_"),
        "Label": shown,
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
