"""The metrics that a planned dashboard shows."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.terraform.cloudwatch import Metric
from tests.terraform.planned import Resources

# Terms such as fleet="photos" restrict a search; another dimension may have any value.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
SEARCH = re.compile(r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\"([^']*)'")
TERM = re.compile(r'(\w+)="([^"]*)"')
ANY = "*"

Widget = Mapping[str, Any]


def widgets_of(resources: Resources) -> list[Widget]:
    """Return the widgets of the alarms module's dashboard."""
    body = resources["aws_cloudwatch_dashboard.this"]["dashboard_body"]
    found: list[Widget] = json.loads(body)["widgets"]
    return found


def metrics_shown(widget: Widget) -> Iterator[Metric]:
    """Yield the metrics of a widget; a dimension that a search leaves open has the value `*`."""
    for line in widget["properties"].get("metrics", ()):
        *words, options = line if isinstance(line[-1], dict) else (*line, {})
        if words:
            namespace, name, *rest = words
            yield Metric(namespace, name, frozenset(zip(rest[::2], rest[1::2], strict=True)))
        for namespace, dimensions, name, terms in SEARCH.findall(options.get("expression", "")):
            values = dict.fromkeys(dimensions.split(","), ANY) | dict(TERM.findall(terms))
            yield Metric(namespace, name, frozenset(values.items()))
