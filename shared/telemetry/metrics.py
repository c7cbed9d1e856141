"""Metrics in the embedded metric format: CloudWatch reads them from log lines, without a call.

A field of a log line with the name of a metric is that metric, if the line also has the metric's
dimensions; so the log and the metrics cannot disagree. The line must reach CloudWatch Logs
unchanged and unmixed with other output.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Every combination of a name and the values of its dimensions is a custom metric with a price, so
there are few dimensions and their values are closed lists: docs/metrics.md counts them.
"""

import math
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

NAMESPACE = "Pixfleet"


class Unit(StrEnum):
    """CloudWatch's name of a unit."""

    COUNT = "Count"
    SECONDS = "Seconds"
    BYTES = "Bytes"


# The names of the fields whose values distinguish a metric.
Dimensions = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A log field that is a metric, once for each of its sets of dimensions."""

    name: str
    unit: Unit
    dimension_sets: tuple[Dimensions, ...]


# Every set has the fleet: stacks of one account and region share the namespace, and their alarms
# must not read each other's metrics.
FLEET = "fleet"
BY_CAUSE: tuple[Dimensions, ...] = ((FLEET, "cause"),)
BY_FLEET: tuple[Dimensions, ...] = ((FLEET,),)
BY_LANE: tuple[Dimensions, ...] = ((FLEET, "lane"),)
METRICS = (
    Metric("images", Unit.COUNT, ((FLEET, "lane", "outcome"),)),
    Metric("failures", Unit.COUNT, (*BY_CAUSE, *BY_LANE)),
    # An alarm can add up ten metrics, and there are more permanent causes.
    Metric("rejections", Unit.COUNT, BY_LANE),
    Metric("dead_letters", Unit.COUNT, BY_LANE),
    Metric("forwards", Unit.COUNT, BY_LANE),
    Metric("complete_seconds", Unit.SECONDS, BY_LANE),
    Metric("render_seconds", Unit.SECONDS, BY_LANE),
    Metric("source_bytes", Unit.BYTES, BY_LANE),
    Metric("variant_bytes", Unit.BYTES, BY_LANE),
    Metric("batches_stopped", Unit.COUNT, BY_CAUSE),
    Metric("answers", Unit.COUNT, ((FLEET, "answered"),)),
    Metric("answer_seconds", Unit.SECONDS, BY_FLEET),
    Metric("on_demand_renders", Unit.COUNT, BY_FLEET),
    Metric("on_demand_stores", Unit.COUNT, BY_FLEET),
    Metric("stores_refused", Unit.COUNT, BY_FLEET),
    Metric("not_found", Unit.COUNT, BY_FLEET),
    Metric("edge_blind", Unit.COUNT, BY_FLEET),
    Metric("purged_paths", Unit.COUNT, BY_FLEET),
    Metric("purges_over_budget", Unit.COUNT, BY_FLEET),
    Metric("purge_failures", Unit.COUNT, BY_FLEET),
    Metric("purge_age_seconds", Unit.SECONDS, BY_FLEET),
)


@dataclass(frozen=True, slots=True)
class MetricEmbedder:
    """A structlog processor that makes lines the metrics of one fleet; none without a fleet."""

    fleet: str

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:  # structlog's shape of a processor
        """Add `fleet` and `_aws` to a line that has metrics.

        The line must have its `timestamp`, in ISO 8601.
        """
        dimensions = {**event, FLEET: self.fleet}
        directives: dict[tuple[Dimensions, ...], list[Metric]] = {}
        for metric in METRICS:
            sets = tuple(each for each in metric.dimension_sets if _has(dimensions, each))
            if sets and _is_finite(event.get(metric.name)):
                directives.setdefault(sets, []).append(metric)
        if directives:
            event[FLEET] = self.fleet
            event["_aws"] = {
                "Timestamp": round(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000),
                "CloudWatchMetrics": [
                    _directive(sets, metrics) for sets, metrics in directives.items()
                ],
            }
        return event


def _directive(sets: tuple[Dimensions, ...], metrics: list[Metric]) -> Mapping[str, object]:
    return {
        "Namespace": NAMESPACE,
        "Dimensions": [list(each) for each in sets],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit.value} for metric in metrics],
    }


def _has(event: Mapping[str, object], dimensions: Dimensions) -> bool:
    return all(isinstance(value := event.get(name), str) and value for name in dimensions)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
