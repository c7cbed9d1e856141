"""Finds the dead letters of one drill among thousands of others, and deletes them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from scripts.pixfleet.stack.dead_letter_scan import Coverage, Scan, ScanPolicy
from shared.clock import Clock
from shared.cloud.queues import Queues

# A drill reads a queue that an on-call person may be reading: it ends soon, and what it holds
# becomes visible soon, also if the drill is killed.
POLICY = ScanPolicy(visibility_timeout_seconds=30, renew_seconds=5, receivers=4, max_seconds=20.0)


@dataclass
class OwnDeadLetters:
    """The dead letters whose keys begin with a drill's prefix; `causes` are those found, by key.

    `coverage` is how far the last look went, `None` before the first one.
    """

    queues: Queues
    queue: str
    prefix: str
    clock: Clock
    policy: ScanPolicy = POLICY
    causes: dict[str, str] = field(default_factory=dict)
    coverage: Coverage | None = None

    def look(self, wanted: AbstractSet[str] = frozenset()) -> int:
        """Delete those that are visible, and return how many were deleted.

        Stop as soon as the `wanted` keys have been found; without any, look through the whole
        queue. All others become visible again.
        """
        deleted = 0
        with Scan(self.queues, self.queue, self.clock, policy=self.policy) as scan:
            for each in scan:
                # One that cannot be deleted is no longer ours: the next look finds it again.
                if each.key.startswith(self.prefix) and not scan.delete([each]):
                    self.causes[each.key] = each.cause
                    deleted += 1
                if wanted and self.causes.keys() >= wanted:
                    break
        self.coverage = scan.coverage
        return deleted

    @property
    def has_read_all(self) -> bool:
        """Return whether the last look has read the whole queue."""
        return self.coverage is not None and self.coverage.is_complete

    @property
    def looked(self) -> str:
        """Return in words how far the last look went."""
        found = self.coverage
        if found is None:
            return "the queue could not be read"
        looked = f"looked at {found.read:,} of about {found.reported:,} dead letters"
        held = f", {found.in_flight:,} of them with another process" if found.in_flight else ""
        return f"{looked}{held}"
