"""Reads the status of a stack from queues, ledger, alarms and CloudWatch's metrics."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from scripts.pixfleet.stack.access import is_denied
from scripts.pixfleet.stack.alarms import Alarm, alarms_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.status.figures import MINUTE, Figures, read_figures
from scripts.pixfleet.status.outcomes import recent_outcomes
from scripts.pixfleet.status.report import StatusReport
from shared.clock import Clock
from shared.cloud.queues import Queues
from shared.cloud.status_index import StatusIndex

if TYPE_CHECKING:
    from scripts.pixfleet.status.purges import Purges

Value = TypeVar("Value")


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

    def read(self) -> StatusReport:
        """Return the status now; calls that AWS denies are named in the report."""
        now, queues = self.clock.now(), Queues(self.clients.sqs, self.clients.calls)
        index = StatusIndex(
            self.clients.dynamodb,
            self.clients.calls,
            self.stack.ledger_table,
            self.stack.status_index,
        )
        outcomes = recent_outcomes(index, now)
        denied: list[str] = []
        if now - self._figures_at >= MINUTE:
            self._figures = _unless_denied(
                lambda: read_figures(self.clients.cloudwatch, self.stack, now), Figures(), denied
            )
            self._figures_at = now
        alarms: list[Alarm] = _unless_denied(
            lambda: alarms_of(self.clients.cloudwatch, self.stack.prefix), [], denied
        )
        per_second = sum(self._figures.per_second.values())
        return StatusReport(
            at=now,
            lanes={name: queues.depth(lane.queue) for name, lane in self.stack.lanes.items()},
            oldest_seconds=self._figures.oldest_seconds,
            dead_letters=queues.depth(self.stack.dead_letter_queue).all,
            outcomes=outcomes,
            per_second=per_second or outcomes.per_second,
            rate_is_from="CloudWatch" if per_second else "the ledger",
            alarms=alarms,
            on_demand=self._figures.on_demand if self.stack.renderer else None,
            purges=self._purges(queues),
            denied=denied,
        )

    def _purges(self, queues: Queues) -> "Purges | None":
        if self.stack.purge is None:
            return None
        from scripts.pixfleet.status.purges import read_purges  # noqa: PLC0415 - few stacks purge

        return read_purges(self.stack, self.clients, queues, self.clock)


def _unless_denied(call: Callable[[], Value], default: Value, denied: list[str]) -> Value:
    try:
        return call()
    except ClientError as refused:
        if not is_denied(refused):
            raise
        denied.append(f"You may not call {refused.operation_name}, so its part is missing.")
        return default
