"""Looks at a stack: queues, ledger, alarms and CloudWatch's figures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from botocore.exceptions import ClientError

from scripts.pixfleet.stack.access import is_denied
from scripts.pixfleet.stack.alarms import Alarm, alarms_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.document import Stack
from scripts.pixfleet.status.figures import MINUTE, Figures, figures_of
from scripts.pixfleet.status.outcomes import endings_of
from scripts.pixfleet.status.report import Report
from shared.clock import Clock
from shared.cloud.queues import Queues
from shared.cloud.status_index import StatusIndex

Seen = TypeVar("Seen")


@dataclass
class Lookout:
    """Looks as often as it is asked to, at CloudWatch's figures once a minute.

    They cost money, and change by the minute.
    """

    stack: Stack
    clients: AwsClients
    clock: Clock
    _figures: Figures = field(default_factory=Figures)
    _figures_at: float = float("-inf")

    def look(self) -> Report:
        """Return what is to be seen now.

        Without CloudWatch the rest is told all the same, and what could not be seen.
        """
        now, queues = self.clock.now(), Queues(self.clients.sqs)
        index = StatusIndex(
            self.clients.dynamodb, self.stack.ledger_table, self.stack.status_index
        )
        endings = endings_of(index, now)
        unseen: list[str] = []
        if now - self._figures_at >= MINUTE:
            self._figures = _allowed(
                lambda: figures_of(self.clients.cloudwatch, self.stack, now), Figures(), unseen
            )
            self._figures_at = now
        alarms: list[Alarm] = _allowed(
            lambda: alarms_of(self.clients.cloudwatch, self.stack.prefix), [], unseen
        )
        counted = sum(self._figures.per_second.values())
        return Report(
            at=now,
            lanes={name: queues.depth(lane.queue) for name, lane in self.stack.lanes.items()},
            oldest_seconds=self._figures.oldest_seconds,
            dead_letters=queues.depth(self.stack.dead_letter_queue).all,
            endings=endings,
            per_second=counted or endings.per_second,
            rate_is_from="CloudWatch" if counted else "the ledger",
            alarms=alarms,
            unseen=unseen,
        )


def _allowed(see: Callable[[], Seen], otherwise: Seen, unseen: list[str]) -> Seen:
    try:
        return see()
    except ClientError as refused:
        if not is_denied(refused):
            raise
        unseen.append(f"You may not {refused.operation_name}, so that is not looked at.")
        return otherwise
