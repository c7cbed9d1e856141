"""CloudWatch's reading of a log line in the embedded metric format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EmbeddedMetric:
    """One metric of a line, with one of its sets of dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    value: float


def embedded_metrics(line: Mapping[str, Any]) -> Iterator[EmbeddedMetric]:
    """Yield the metrics of a line; a line without `_aws` has none."""
    for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, line[name]) for name in names)
            for metric in directive["Metrics"]:
                name = metric["Name"]
                yield EmbeddedMetric(directive["Namespace"], name, dimensions, line[name])
