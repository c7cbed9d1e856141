"""Reads the status of a stack from queues, ledger, alarms and CloudWatch's metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.alarms import Alarm, alarms_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.parts import MissingPart, Parts
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.status.figures import MINUTE, Figures, read_figures
from scripts.pixfleet.status.outcomes import RecentOutcomes, recent_outcomes
from scripts.pixfleet.status.report import StatusReport
from shared.clock import Clock
from shared.cloud.queues import Depth, Queues
from shared.cloud.status_index import StatusIndex

if TYPE_CHECKING:
    from scripts.pixfleet.status.purges import Purges

LATEST = "The latest outcomes and the causes of rejections are unknown."


def read_depths(stack: Stack, queues: Queues, parts: Parts) -> tuple[dict[str, Depth], int | None]:
    """Return the depth of each lane that can be read, and how many dead letters there are."""
    lanes: dict[str, Depth | None] = {
        name: parts.read(
            f"lane {name}",
            partial(queues.depth, lane.queue),
            None,
            means="Messages that wait there do not show.",
        )
        for name, lane in stack.lanes.items()
    }
    dead_letters = parts.read(
        "dead letters",
        lambda: queues.depth(stack.dead_letter_queue).all,
        None,
        means="Failures do not show.",
    )
    return {name: depth for name, depth in lanes.items() if depth is not None}, dead_letters


@dataclass
class StatusReader:
    """Reads everything at each call, but CloudWatch's metrics at most once a minute.

    GetMetricData costs money, and the metrics have one value a minute.
    """

    stack: Stack
    clients: AwsClients
    clock: Clock
    _figures: Figures = field(default_factory=Figures)
    _figures_at: float = float("-inf")
    _missing_figures: Sequence[MissingPart] = ()
    _has_read: bool = False

    def read(self) -> StatusReport:
        """Return the status now; what AWS refuses is named in the report.

        Raises the first error if AWS refuses everything at the first call; later it may be an
        outage that ends while somebody watches.
        """
        now, queues, parts = (
            self.clock.now(),
            Queues(self.clients.sqs, self.clients.calls),
            Parts(),
        )
        lanes, dead_letters = read_depths(self.stack, queues, parts)
        self._refresh_figures(now, parts)
        metrics = sum(self._figures.per_second.values())
        outcomes = parts.read(
            "outcomes",
            lambda: recent_outcomes(self._index(), now, needs_rate=not metrics),
            None,
            means=LATEST,
        )
        alarms: list[Alarm] | None = parts.read(
            "alarms",
            lambda: alarms_of(self.clients.cloudwatch, self.stack.prefix),
            None,
            means="An alarm that is on does not show.",
        )
        purges = self._purges(queues, parts)
        if not self._has_read:
            parts.require_any()
        self._has_read = True
        known = outcomes or RecentOutcomes()
        return StatusReport(
            at=now,
            lanes=lanes,
            oldest_seconds=self._figures.oldest_seconds,
            dead_letters=dead_letters,
            outcomes=outcomes,
            per_second=metrics or known.per_second,
            rate_is_from="CloudWatch" if metrics else "the ledger",
            alarms=alarms,
            on_demand=self._figures.on_demand if self._has_on_demand else None,
            purges=purges,
            missing=parts.missing,
            larger={name: lane.larger for name, lane in self.stack.lanes.items() if lane.larger},
            forwarded=self._figures.forwarded,
        )

    def _index(self) -> StatusIndex:
        clients, stack = self.clients, self.stack
        return StatusIndex(clients.dynamodb, clients.calls, stack.ledger_table, stack.status_index)

    def _refresh_figures(self, now: float, parts: Parts) -> None:
        if now - self._figures_at < MINUTE:
            # What was not read a moment ago is still missing.
            parts.missing.extend(self._missing_figures)
            return
        self._figures_at = now
        before = len(parts.missing)
        self._figures = parts.read(
            "metrics",
            lambda: read_figures(self.clients.cloudwatch, self.stack, now),
            Figures(),
            means="The age of the oldest message is unknown, and the pace is the ledger's.",
        )
        self._missing_figures = parts.missing[before:]

    @property
    def _has_on_demand(self) -> bool:
        return self.stack.renderer is not None and not self._missing_figures

    def _purges(self, queues: Queues, parts: Parts) -> "Purges | None":
        if self.stack.purge is None:
            return None
        from scripts.pixfleet.status.purges import read_purges  # noqa: PLC0415 - few stacks purge

        return parts.read(
            "purges",
            lambda: read_purges(self.stack, self.clients, queues, self.clock),
            None,
            means="How much of the month's budget is spent is unknown.",
        )
