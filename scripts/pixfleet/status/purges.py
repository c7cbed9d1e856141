"""How many paths were purged this month, and what waits."""

from dataclasses import dataclass

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.clock import Clock
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving, month_of
from shared.model.invalidation_paths import PATHS_PER_KEY


@dataclass(frozen=True, slots=True)
class Purges:
    """The paths spent in this month of UTC, those allowed, and the messages that wait."""

    paths_spent: int
    monthly_paths: int
    waiting: int

    @property
    def is_budget_spent(self) -> bool:
        """Return whether no key can be purged any more this month."""
        return self.paths_spent + PATHS_PER_KEY > self.monthly_paths


def read_purges(stack: Stack, clients: AwsClients, queues: Queues, clock: Clock) -> Purges | None:
    """Return the purges of a stack; None if it does not purge."""
    if stack.purge is None:
        return None
    serving = Serving(clients.dynamodb, clients.calls, stack.serving_table, clock)
    return Purges(
        paths_spent=serving.paths_spent(month_of(clock.now())),
        monthly_paths=stack.purge.monthly_paths,
        waiting=queues.depth(stack.purge.queue).all,
    )
