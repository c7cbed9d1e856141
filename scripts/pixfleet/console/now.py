"""The page of the stack as it is now: lanes, alarms, pace, and what changed last."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from scripts.pixfleet.console.site import Site, site_of
from scripts.pixfleet.stack.alarms import alarms_of
from scripts.pixfleet.stack.parts import Parts
from scripts.pixfleet.status.history import PERIOD_SECONDS, Pace, read_history
from scripts.pixfleet.status.outcomes import recent_outcomes
from scripts.pixfleet.status.reader import read_depths
from shared.cloud.queues import Depth
from shared.cloud.status_index import StatusIndex

MINUTE = 60
# The chart is drawn in a box of so many units, a bar for each period.
CHART_HEIGHT = 60


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One queue of the stack."""

    name: str
    queue: str
    depth: Depth
    # The lane that gets what is too large for this one; empty without one.
    larger: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the chart: its place and height in units, and what it stands for."""

    x: int
    height: float
    at: float
    sources: int


def now(request: Request) -> Response:
    """Return the page; all but the lanes is loaded after it."""
    site = site_of(request)
    return site.page("now.html", request, _lanes(site))


def lanes(request: Request) -> Response:
    """Return the table of lanes."""
    site = site_of(request)
    return site.page("now_lanes.html", request, _lanes(site))


def alarms(request: Request) -> Response:
    """Return the alarms that are on, and whether the circuit breaker stops batches."""
    site = site_of(request)
    # See aws_cloudwatch_metric_alarm.batches_stopped in terraform/modules/alarms/function.tf.
    breaker = f"{site.stack.prefix}-batches-stopped-"

    def read() -> dict[str, object]:
        found = alarms_of(site.clients.cloudwatch, site.stack.prefix)
        on = [each for each in found if each.is_on]
        stopped = [each for each in found if each.name.startswith(breaker)]
        return {"on": on, "count": len(found), "breaker": stopped}

    return site.part("now_alarms.html", request, read)


def pace(request: Request) -> Response:
    """Return the chart of the last hours, and how old the oldest message of each lane is."""
    site = site_of(request)

    def read() -> dict[str, object]:
        history = read_history(site.clients.cloudwatch, site.stack, site.clock.now())
        pace = history.pace
        most = max(each.sources for each in pace)
        return {
            "bars": _bars(pace),
            "height": CHART_HEIGHT,
            "hours": len(pace) * PERIOD_SECONDS // 3600,
            "most_per_minute": most * MINUTE / PERIOD_SECONDS,
            "total": round(sum(each.sources for each in pace)),
            "oldest": history.oldest_seconds,
        }

    return site.part("now_pace.html", request, read)


def latest(request: Request) -> Response:
    """Return the sources that changed last, and the causes of rejections."""
    site = site_of(request)

    def read() -> dict[str, object]:
        stack, clients = site.stack, site.clients
        index = StatusIndex(
            clients.dynamodb, clients.calls, stack.ledger_table, stack.status_index
        )
        return {"outcomes": recent_outcomes(index, site.clock.now(), needs_rate=False)}

    return site.part("now_latest.html", request, read)


def _lanes(site: Site) -> dict[str, object]:
    parts, lanes = Parts(), site.stack.lanes
    depths, dead = read_depths(site.stack, site.queues, parts)
    rows = [
        LaneRow(name, lanes[name].queue, depth, lanes[name].larger)
        for name, depth in depths.items()
    ]
    missing = [each.sentence for each in parts.missing]
    return {"lanes": rows, "dead_letters": dead, "missing": missing, "at": site.clock.now()}


def _bars(history: Sequence[Pace]) -> Sequence[Bar]:
    most = max(each.sources for each in history) or 1
    return [
        Bar(
            number * 10, round(CHART_HEIGHT * each.sources / most, 1), each.at, round(each.sources)
        )
        for number, each in enumerate(history)
    ]
