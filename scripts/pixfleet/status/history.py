"""The pace of a stack over the last hours, from CloudWatch's metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.status.figures import (
    LATE_MINUTES,
    MINUTE,
    WINDOW_MINUTES,
    oldest_queries,
)
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


@dataclass(frozen=True, slots=True)
class History:
    """The pace of each period, the oldest first, and by lane the age of its oldest message now.

    A lane without data points in the last minutes is not in `oldest_seconds`.
    """

    pace: Sequence[Pace]
    oldest_seconds: Mapping[str, float]


def read_history(cloudwatch: "CloudWatchClient", stack: Stack, now: float) -> History:
    """Return the pace of each period of five minutes in the last six hours, and ages now.

    One GetMetricData returns both: it takes up to 500 metrics with periods of their own.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    end = now // MINUTE * MINUTE
    last = now // PERIOD_SECONDS * PERIOD_SECONDS
    start = last - PERIODS * PERIOD_SECONDS
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[*_queries(stack), *oldest_queries(stack)],
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
        ScanBy="TimestampDescending",
    )
    pace = {start + number * PERIOD_SECONDS: 0.0 for number in range(PERIODS)}
    oldest: dict[str, float] = {}
    for result in (each for page in pages for each in page["MetricDataResults"]):
        figure, _, lane = result["Label"].partition(" ")
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            moment = at.timestamp()
            if figure == "oldest":
                if moment >= end - (WINDOW_MINUTES + LATE_MINUTES) * MINUTE:
                    oldest.setdefault(lane, value)
            elif moment in pace:
                pace[moment] += value
    return History([Pace(at, sources) for at, sources in pace.items()], oldest)


def _queries(stack: Stack) -> "Iterator[MetricDataQueryTypeDef]":
    for number, lane in enumerate(stack.lanes):
        ours = {"fleet": stack.prefix, "lane": lane}
        yield _query(f"rejections_{number}", "rejections", ours)
        for outcome in Outcome:
            yield _query(f"{outcome}_{number}", "images", {**ours, "outcome": outcome.value})


def _query(name: str, metric: str, dimensions: dict[str, str]) -> "MetricDataQueryTypeDef":
    return {
        "Id": name.replace("-", "_"),
        "Label": "pace",
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
