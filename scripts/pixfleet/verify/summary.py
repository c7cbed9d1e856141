"""What a sweep has found, in numbers and a few examples of each."""

from collections import Counter
from dataclasses import dataclass, field

from scripts.pixfleet.verify.difference import DIFFERENCES, Kind, Mend, Verdict

EXAMPLES = 3


@dataclass(slots=True)
class Summary:
    """Counts of keys by kind and reason, and of what mending them would do."""

    counts: Counter[tuple[Kind, str]]
    examples: dict[tuple[Kind, str], list[str]] = field(default_factory=dict)
    mends: Counter[Mend] = field(default_factory=Counter)
    doomed_objects: int = 0

    def note(self, verdict: Verdict) -> None:
        """Take account of one difference."""
        shown = self.examples.setdefault((verdict.kind, verdict.reason), [])
        if len(shown) < EXAMPLES:
            shown.append(verdict.key)
        self.mends[verdict.mend] += 1
        if verdict.mend is Mend.DELETE:
            self.doomed_objects += len(verdict.names)

    @property
    def looked_at(self) -> int:
        """Return how many keys were looked at: the sum of all kinds."""
        return self.counts.total()

    def of_kind(self, kind: Kind) -> int:
        """Return how many keys are of a kind."""
        return sum(count for (each, _), count in self.counts.items() if each is kind)

    @property
    def differences(self) -> int:
        """Return how many keys differ."""
        return sum(self.of_kind(kind) for kind in DIFFERENCES)

    @property
    def to_enqueue(self) -> int:
        """Return how many keys a repair has the worker look at."""
        return self.mends[Mend.ENQUEUE] + self.mends[Mend.REMAKE]

    def document(self) -> dict[str, object]:
        """Return all of it for a program."""
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
