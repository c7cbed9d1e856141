"""Checks a random sample of the sources: a quick answer, with its confidence interval.

It lists the sources bucket only, and holds the sample and no other key. What has no source, such
as an orphaned object, is in no sample.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import TypeVar

from scripts.pixfleet.verify.audit import Audit
from scripts.pixfleet.verify.check_result import CheckResult
from scripts.pixfleet.verify.listings import ListedKey, object_pages, sources
from shared.cloud.ledger_reader import BATCH_KEYS
from shared.model.keys import NotAVariantKey, parse_stored_key, stored_folder
from shared.model.source import Listed

Item = TypeVar("Item")

# The two-sided 95 % quantile of the normal distribution.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """The share of sources that differ, from 0 to 1, and its 95 % confidence interval.

    `total` is the number of sources that were listed, of which `sampled` were checked.
    """

    total: int
    sampled: int
    differing: int
    low: float
    high: float

    @classmethod
    def of(cls, total: int, sampled: int, differing: int) -> "Share":
        """Return the share with Wilson's interval, which is never empty.

        Wilson, "Probable inference, the law of succession, and statistical inference", 1927. If
        all sources were checked, the share is exact.
        """
        if not sampled or sampled == total:
            exact = differing / sampled if sampled else 0.0
            return cls(total, sampled, differing, exact, exact)
        share, square = differing / sampled, Z * Z / sampled
        middle = share + square / 2
        half = Z * sqrt(share * (1 - share) / sampled + square / (4 * sampled))
        low = (middle - half) / (1 + square) if differing else 0.0
        high = (middle + half) / (1 + square) if differing < sampled else 1.0
        return cls(total, sampled, differing, low, high)

    def sentence(self) -> str:
        """Return the share as a person reads it."""
        if self.sampled == self.total:
            return f"All {self.total:,} sources were checked: {self.differing:,} differ."
        found = f"{self.differing / self.sampled:.2%}"
        return (
            f"{self.differing:,} of {self.sampled:,} sampled sources differ: {found}. With 95 % "
            f"confidence {self.low:.2%} to {self.high:.2%} of all {self.total:,} sources differ: "
            f"{self.low * self.total:,.0f} to {self.high * self.total:,.0f}."
        )


def choose(items: Iterable[Item], size: int, random: Random) -> tuple[Sequence[Item], int]:
    """Return `size` random items, each set of them as likely, and how many items there were.

    Algorithm R of Vitter, "Random sampling with a reservoir", 1985.
    """
    chosen: list[Item] = []
    count = 0
    for count, item in enumerate(items, start=1):
        if len(chosen) < size:
            chosen.append(item)
        elif (at := random.randrange(count)) < size:
            chosen[at] = item
    return chosen, count


@dataclass(slots=True)
class SampleAudit:
    """An audit of some sources; `total` is the number of sources, known once it has run."""

    audit: Audit
    size: int
    random: Random
    total: int = 0

    def differences(self) -> Iterator[CheckResult]:
        """Yield the differences of the sample."""
        audit = self.audit
        with ThreadPoolExecutor(audit.sizes.threads) as pool:
            listed = sources(audit.s3, audit.scope.sources_bucket, audit.scope.prefix, pool)
            chosen, self.total = choose(self._counted(listed), self.size, self.random)
            parts = [chosen[at : at + BATCH_KEYS] for at in range(0, len(chosen), BATCH_KEYS)]
            for part in parts:
                entries = audit.ledger.of([each.key for each in part])
                for listed_key in pool.map(self._with_names, part):
                    result = audit.checker.check(listed_key, entries[listed_key.key])
                    audit.counts[result.kind, result.reason] += 1
                    if result.kind.is_difference:
                        yield result

    def _counted(self, listed: Iterable[Listed]) -> Iterator[Listed]:
        for each in listed:
            self.audit.advance(1)
            yield each

    def _with_names(self, source: Listed) -> ListedKey:
        """Return the source with the names of its objects; longer keys may share its folder."""
        pages = object_pages(
            self.audit.s3, self.audit.scope.variants_bucket, stored_folder(source.key)
        )
        names = {name for page in pages for key in page for name in _names(key, source.key)}
        return ListedKey(source.key, source, frozenset(names))


def _names(stored_key: str, source_key: str) -> Iterator[str]:
    try:
        key, name = parse_stored_key(stored_key)
    except NotAVariantKey:
        return
    if key == source_key:
        yield name
