"""The pace of a stack over the last hours, from CloudWatch's metrics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.model.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

PERIOD_SECONDS = 300
PERIODS = 72


@dataclass(frozen=True, slots=True)
class Pace:
    """How many sources were processed in one period, which began at `at` (seconds since 1970)."""

    at: float
    sources: float


def read_pace(cloudwatch: "CloudWatchClient", stack: Stack, now: float) -> Sequence[Pace]:
    """Return the pace of each period of five minutes in the last six hours, the oldest first."""
    end = now // PERIOD_SECONDS * PERIOD_SECONDS
    start = end - PERIODS * PERIOD_SECONDS
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(_queries(stack)),
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
    )
    found = {start + number * PERIOD_SECONDS: 0.0 for number in range(PERIODS)}
    for result in (each for page in pages for each in page["MetricDataResults"]):
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            moment = at.timestamp()
            if moment in found:
                found[moment] += value
    return [Pace(at, sources) for at, sources in found.items()]


def _queries(stack: Stack) -> "Iterator[MetricDataQueryTypeDef]":
    for number, lane in enumerate(stack.lanes):
        ours = {"fleet": stack.prefix, "lane": lane}
        yield _query(f"rejections_{number}", "rejections", ours)
        for outcome in Outcome:
            yield _query(f"{outcome}_{number}", "images", {**ours, "outcome": outcome.value})


def _query(name: str, metric: str, dimensions: dict[str, str]) -> "MetricDataQueryTypeDef":
    return {
        "Id": name.replace("-", "_"),
        "MetricStat": {
            "Metric": {
                "Namespace": "Pixfleet",
                "MetricName": metric,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": PERIOD_SECONDS,
            "Stat": "Sum",
        },
    }
