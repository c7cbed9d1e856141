"""Audits every key of a stack in an amount of memory that does not grow with their number.

The first pass merges two listings, sources and variants, in one order (see `order`). The variants
are 256 listings of S3, one for each shard, of which two pages each are held. Each batch of merged
keys is looked up in the ledger, so missing, stale and orphaned keys are found without a list of
all keys. The second pass scans the ledger for entries whose key S3 did not list, neither as a
source nor in an object's name; a Bloom filter of fixed size remembers the listed keys.

It takes about 300 MB, however many keys there are. Most calls are listings: one for a
thousand objects.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from scripts.pixfleet.verify.bloom_filter import BloomFilter
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.check_result import CheckResult, Kind
from scripts.pixfleet.verify.listings import (
    BEGINNING,
    SHARDS,
    ListedKey,
    Position,
    VariantsListing,
    merged,
    sources,
)
from shared.cloud.ledger_reader import BATCH_KEYS, LedgerReader, Read

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.model.source import Listed


@dataclass(frozen=True, slots=True)
class AuditSizes:
    """How much an audit does at once and holds in memory; 2^28 bits are 32 MB."""

    threads: int = 32
    lookups: int = 10
    filter_bits: int = 1 << 28
    shards: Sequence[str] = SHARDS


@dataclass(frozen=True, slots=True)
class Scope:
    """The two buckets, and the prefix of the keys that are audited."""

    sources_bucket: str
    variants_bucket: str
    prefix: str = ""


@dataclass(slots=True)
class Audit:
    """One audit; `counts` grow while it runs, by kind and reason.

    `save` is called where the audit could go on later, with what `position`, `counts` and
    `listed` must then be.
    """

    s3: "S3Client"
    ledger: LedgerReader
    checker: Checker
    scope: Scope
    sizes: AuditSizes = AuditSizes()
    advance: Callable[[int], None] = lambda _: None
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    position: Position = BEGINNING
    listed: BloomFilter | None = None
    save: Callable[[Position, Counter[tuple[Kind, str]], BloomFilter], None] = lambda *_: None

    def differences(self) -> Iterator[CheckResult]:
        """Yield each difference as it is found."""
        listed = self.listed or BloomFilter(bits=self.sizes.filter_bits)
        with ThreadPoolExecutor(self.sizes.threads) as pool:
            for result in chain(self._of_keys(pool, listed), self._of_entries(pool, listed)):
                self.counts[result.kind, result.reason] += 1
                if result.kind.is_difference:
                    yield result

    def _of_keys(self, pool: ThreadPoolExecutor, listed: BloomFilter) -> Iterator[CheckResult]:
        scope, sizes = self.scope, self.sizes
        variants = VariantsListing(
            *(self.s3, scope.variants_bucket, scope.prefix, pool),
            shards=sizes.shards,
            position=self.position,
        )
        held: list[Listed] = []
        of_sources = sources(
            self.s3, scope.sources_bucket, scope.prefix, pool, self.position.after
        )
        keys = merged(of_sources, variants, held)
        while batch := list(islice(keys, BATCH_KEYS * sizes.lookups)):
            for each in batch:
                listed.add(each.key)
            pairs = list(zip(batch, self._entries(pool, batch), strict=True))
            # One task for several keys: a task for each would cost more than most checks.
            parts = [pairs[at :: sizes.threads] for at in range(min(sizes.threads, len(pairs)))]
            yield from chain.from_iterable(pool.map(self._checked, parts))
            self.advance(len(batch))
            if batch[-1].source and not held and (shards := variants.next_keys()) is not None:
                self.save(Position(batch[-1].key, shards), self.counts, listed)

    def _checked(self, pairs: Sequence[tuple[ListedKey, Read]]) -> list[CheckResult]:
        return [self.checker.check(listed, entry) for listed, entry in pairs]

    def _entries(self, pool: ThreadPoolExecutor, batch: Sequence[ListedKey]) -> list[Read]:
        keys = [each.key for each in batch]
        parts = [keys[start : start + BATCH_KEYS] for start in range(0, len(keys), BATCH_KEYS)]
        return [
            found[key]
            for part, found in zip(parts, pool.map(self.ledger.of, parts), strict=True)
            for key in part
        ]

    def _of_entries(self, pool: ThreadPoolExecutor, listed: BloomFilter) -> Iterator[CheckResult]:
        # Most entries are of listed keys; to read them again would take as long as the first time.
        others = self.ledger.all(self.scope.prefix, skips=listed.__contains__)
        while batch := list(islice(others, BATCH_KEYS)):
            checked = pool.map(lambda each: self.checker.check_entry(*each), batch)
            yield from (result for result in checked if result)
