"""Looks at every key of a stack, whatever their number, in a memory that does not grow.

One pass over two listings, sources and variants, merged in one order (see `order`): the variants
are 256 listings of S3, one for each shard, of which two pages each are held. Each batch of keys
that comes out is looked up in the ledger, so that missing, stale and orphaned show at once and
nothing has to be remembered. Then one pass over the ledger, for entries of which neither the
source nor any object was met; which keys were met a Bloom filter of fixed size remembers.

All in all about 150 MB, at ten million keys as at a thousand. The calls are mostly listings: one
for a thousand objects.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from scripts.pixfleet.verify.bloom_filter import Seen
from scripts.pixfleet.verify.check import Judge
from scripts.pixfleet.verify.difference import Kind, Verdict
from scripts.pixfleet.verify.listings import Met, Shelves, merged, sources
from shared.cloud.ledger_reader import BATCH_KEYS, LedgerReader, Read

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 32
BATCHES = 10
LOTS = THREADS


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: two buckets, and the beginning of the keys."""

    sources_bucket: str
    variants_bucket: str
    prefix: str = ""


@dataclass(slots=True)
class Sweep:
    """One pass over everything; `counts` grow on the way, by kind and reason."""

    s3: "S3Client"
    census: LedgerReader
    judge: Judge
    scope: Scope
    looked_at: Callable[[int], None] = lambda _: None
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def differences(self) -> Iterator[Verdict]:
        """Yield what wants to be mended, as it is found."""
        seen = Seen()
        with ThreadPoolExecutor(THREADS) as pool:
            for verdict in chain(self._of_keys(pool, seen), self._of_entries(pool, seen)):
                self.counts[verdict.kind, verdict.reason] += 1
                if verdict.kind.is_difference:
                    yield verdict

    def _of_keys(self, pool: ThreadPoolExecutor, seen: Seen) -> Iterator[Verdict]:
        scope = self.scope
        shelves = Shelves(self.s3, scope.variants_bucket, scope.prefix, pool)
        met = merged(sources(self.s3, scope.sources_bucket, scope.prefix, pool), shelves)
        while batch := list(islice(met, BATCH_KEYS * BATCHES)):
            for each in batch:
                seen.add(each.key)
            entries = self._entries(pool, batch)
            # One task for some keys: a task of its own would cost more than most verdicts.
            pairs = list(zip(batch, entries, strict=True))
            lots = [pairs[at::LOTS] for at in range(min(LOTS, len(pairs)))]
            yield from chain.from_iterable(pool.map(self._judged, lots))
            self.looked_at(len(batch))

    def _judged(self, lot: Sequence[tuple[Met, Read]]) -> list[Verdict]:
        return [self.judge.judge(met, entry) for met, entry in lot]

    def _entries(self, pool: ThreadPoolExecutor, batch: Sequence[Met]) -> list[Read]:
        keys = [each.key for each in batch]
        parts = [keys[start : start + BATCH_KEYS] for start in range(0, len(keys), BATCH_KEYS)]
        return [
            found[key]
            for part, found in zip(parts, pool.map(self.census.of, parts), strict=True)
            for key in part
        ]

    def _of_entries(self, pool: ThreadPoolExecutor, seen: Seen) -> Iterator[Verdict]:
        unseen = ((key, e) for key, e in self.census.all(self.scope.prefix) if key not in seen)
        while batch := list(islice(unseen, BATCH_KEYS)):
            judged = pool.map(lambda each: self.judge.judge_entry(*each), batch)
            yield from (verdict for verdict in judged if verdict)
