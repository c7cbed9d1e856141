"""Counts what would change over a whole listing, and draws a sample of it, in flat memory."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from scripts.pixfleet.plan.changes import Kind

# The same listing gives the same sample, so that two candidates are tried on the same sources.
SEED = 20260101


@dataclass(frozen=True, slots=True)
class LedgerReader:
    """How many keys were listed, what becomes of them, and some of those that would be made.

    `is_whole` says that the listing came to its end.
    """

    listed: int
    is_whole: bool
    counts: Counter[Kind]
    sample: tuple[str, ...]

    @property
    def made(self) -> int:
        """Return how many of the listed sources would have to be made."""
        return self.counts[Kind.CHANGED] + self.counts[Kind.NEW]


def take_census(
    keys: Iterable[str],
    kind_of: Callable[[str], Kind],
    *,
    samples: int,
    most: int,
    tell: Callable[[int], None] = lambda _: None,
) -> LedgerReader:
    """Return what becomes of the first `most` keys; each of those made is as likely a sample."""
    random = Random(SEED)  # noqa: S311 - a sample, no secret
    counts: Counter[Kind] = Counter()
    sample: list[str] = []
    made, listed, is_whole = 0, 0, True
    for key in keys:
        if listed == most:
            is_whole = False
            break
        listed += 1
        tell(listed)
        kind = kind_of(key)
        counts[kind] += 1
        if kind not in {Kind.CHANGED, Kind.NEW}:
            continue
        made += 1
        if len(sample) < samples:
            sample.append(key)
        elif (place := random.randrange(made)) < samples:
            sample[place] = key
    return LedgerReader(listed, is_whole, counts, tuple(sorted(sample)))
