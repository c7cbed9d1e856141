"""The result of an audit in numbers, with a few examples of each difference."""

from collections import Counter
from dataclasses import dataclass, field

from scripts.pixfleet.verify.check_result import DIFFERENCES, CheckResult, Kind, RepairAction

EXAMPLES = 3


@dataclass(slots=True)
class Summary:
    """Counts of keys by kind and reason, and of what a repair would do.

    `to_remove` are the enqueued keys without a source: a worker removes what they have.
    """

    counts: Counter[tuple[Kind, str]]
    examples: dict[tuple[Kind, str], list[str]] = field(default_factory=dict)
    actions: Counter[RepairAction] = field(default_factory=Counter)
    objects_to_delete: int = 0
    to_remove: int = 0

    def add(self, difference: CheckResult) -> None:
        """Count the repair of one difference, and keep it as an example if there are few."""
        shown = self.examples.setdefault((difference.kind, difference.reason), [])
        if len(shown) < EXAMPLES:
            shown.append(difference.key)
        self.actions[difference.action] += 1
        if (difference.kind, difference.action) == (Kind.ORPHANED, RepairAction.ENQUEUE):
            self.to_remove += 1
        if difference.action is RepairAction.DELETE:
            self.objects_to_delete += len(difference.names)

    @property
    def looked_at(self) -> int:
        """Return how many keys were audited: the sum of all kinds."""
        return self.counts.total()

    def of_kind(self, kind: Kind) -> int:
        """Return how many keys are of a kind."""
        return sum(count for (each, _), count in self.counts.items() if each is kind)

    @property
    def differences(self) -> int:
        """Return how many keys differ."""
        return sum(self.of_kind(kind) for kind in DIFFERENCES)

    @property
    def to_repair(self) -> int:
        """Return how many keys a repair can repair."""
        return self.differences - self.actions[RepairAction.NOTHING]

    @property
    def to_enqueue(self) -> int:
        """Return how many keys a repair enqueues."""
        return self.actions[RepairAction.ENQUEUE] + self.actions[RepairAction.REMAKE]

    def document(self) -> dict[str, object]:
        """Return the summary as `--json` prints it."""
        return {
            "looked_at": self.looked_at,
            "differences": self.differences,
            "counts": {kind.value: self.of_kind(kind) for kind in Kind},
            "reasons": [
                {
                    "kind": kind,
                    "reason": reason,
                    "keys": count,
                    "examples": self.examples.get((kind, reason), []),
                }
                for (kind, reason), count in sorted(self.counts.items())
                if kind.is_difference
            ],
        }
