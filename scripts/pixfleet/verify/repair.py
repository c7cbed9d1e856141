"""Mends what a sweep has found: has the worker make it so, deletes only what nobody lists.

An orphaned object is deleted under a claim on its key, as the worker would: whoever publishes that
key meanwhile is not disturbed, and what has changed since the sweep is looked at once more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from scripts.pixfleet.verify.difference import Mend, Verdict
from shared.clock import Clock
from shared.cloud.errors import ConditionRefused
from shared.cloud.ledger import Claim, Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import BATCH_SIZE, Queues
from shared.events import backfill
from shared.model.entry import PUBLISHED, REMOVED
from shared.model.errors import Failure
from shared.model.keys import MANIFEST_NAME, stored_key
from shared.model.recipe import RecipeSet

THREADS = 16
AT_ONCE = 1000
# HEAD, DELETE and the ledger, each with its retries.
LEASE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Workshop:
    """What mending needs; `queue` is the lane on which keys are enqueued."""

    objects: Objects
    ledger: Ledger
    queues: Queues
    recipes: RecipeSet
    clock: Clock
    queue: str


@dataclass(slots=True)
class Repair:
    """Mends differences and counts what was done: `enqueued`, `deleted` (objects), `failed`.

    `problems` are the first few of what failed.
    """

    workshop: Workshop
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def run(self, verdicts: Iterable[Verdict]) -> Iterator[int]:
        """Mend, yielding after each lot how many keys it was of."""
        coming = iter(verdicts)
        with ThreadPoolExecutor(THREADS) as pool:
            while lot := list(islice(coming, AT_ONCE)):
                keys = [key for key in pool.map(self._prepare, lot) if key]
                lots = [keys[at : at + BATCH_SIZE] for at in range(0, len(keys), BATCH_SIZE)]
                for few, refused in zip(lots, pool.map(self._send, lots), strict=True):
                    self.counts["enqueued"] += len(few) - refused
                    self.counts["failed"] += refused
                yield len(lot)

    def _send(self, keys: Sequence[str]) -> int:
        """Enqueue each key by itself, so that no failure is another key's; return how many not."""
        workshop = self.workshop
        bodies = [backfill.write(workshop.objects.sources_bucket, [key]) for key in keys]
        return workshop.queues.send_batch(workshop.queue, bodies)

    def _prepare(self, verdict: Verdict) -> str:
        """Return the key to enqueue, nothing where that is not needed."""
        try:
            if verdict.mend is Mend.REMAKE:
                self._doubt(verdict.key)
            if verdict.mend is Mend.DELETE:
                return self._delete(verdict)
        except (Failure, ConditionRefused) as problem:
            self.counts["failed"] += 1
            if len(self.problems) < BATCH_SIZE:
                self.problems.append(f"{verdict.key}: {problem}")
            return ""
        return verdict.key

    def _doubt(self, key: str) -> None:
        """Let the ledger say that what is stored may be a mixture, so that it is made again."""
        entry = self.workshop.ledger.read(key)
        is_held = entry.lease_until >= self.workshop.clock.now()
        if entry.status == PUBLISHED and not entry.is_unfinished and not is_held:
            self.workshop.ledger.mark_dirty(Claim(key, "", 0.0, entry, entry.stored))

    def _delete(self, verdict: Verdict) -> str:
        """Delete what no entry lists; return the key if the worker has to look at it after all."""
        ledger, names = self.workshop.ledger, frozenset(verdict.names)
        known = frozenset(self.workshop.recipes.object_names())
        # The manifest is never noted: a worker would take it for a variant to be removed.
        claim = ledger.claim(
            verdict.key,
            lease_seconds=LEASE_SECONDS,
            may_store=sorted((known | names) - {MANIFEST_NAME}),
        )
        entry = claim.entry
        is_empty = entry.status in ("", REMOVED) and not entry.stored
        is_there = self.workshop.objects.head(verdict.key) is not None
        is_wanted = is_there and self.workshop.recipes.matching(verdict.key) is not None
        if entry.is_unfinished or (is_wanted if is_empty else not is_wanted):
            ledger.release(claim)
            return verdict.key
        kept = entry.stored | {MANIFEST_NAME} if entry.status == PUBLISHED else frozenset()
        doomed = sorted(names - kept)
        self.workshop.objects.delete([stored_key(verdict.key, name) for name in doomed])
        self.counts["deleted"] += len(doomed)
        if is_empty:
            ledger.tombstone(claim, {})
        else:
            ledger.abandon(claim)
        return ""
