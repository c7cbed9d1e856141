"""Repairs what an audit has found: enqueues keys, and deletes objects that no entry lists.

These objects are deleted under a claim on their key, as a worker would delete them: a worker that
publishes the key at the same time is not disturbed, and the key is assessed again first. Entries
that the index on status lacks are added to it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from scripts.pixfleet.terminal.text import quoted
from scripts.pixfleet.verify.check_result import CheckResult, RepairAction
from shared.clock import Clock
from shared.cloud.claims import Claim
from shared.cloud.errors import ConditionRefused
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_repairs import add_to_index
from shared.cloud.message_batches import BATCH_SIZE, OutgoingMessage, RefusedMessage
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.events import backfill
from shared.model.entry import PUBLISHED, REMOVED, Entry
from shared.model.errors import Failure
from shared.model.keys import MANIFEST_NAME, stored_key
from shared.model.state import CurrentRecipes, assess

THREADS = 16
BATCH_KEYS = 1000
MAX_PROBLEMS = 10
# Long enough for HEAD, DELETE and a write to the ledger, each with its retries.
REPAIR_LEASE_SECONDS = 120.0
SERVING_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RepairContext:
    """What a repair needs; `queue` is the lane on which keys are enqueued."""

    objects: Objects
    ledger: Ledger
    queues: Queues
    recipes: CurrentRecipes
    clock: Clock
    queue: str
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Repair:
    """Repairs differences; counts keys `enqueued`, `indexed` and `failed`, and objects `deleted`.

    `problems` are the messages of the first failures.
    """

    context: RepairContext
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def run(self, differences: Iterable[CheckResult]) -> Iterator[int]:
        """Repair batch by batch, and yield the number of keys in each."""
        coming = iter(differences)
        with ThreadPoolExecutor(THREADS) as pool:
            while batch := list(islice(coming, BATCH_KEYS)):
                keys = [key for key in pool.map(self._prepare, batch) if key]
                parts = [keys[at : at + BATCH_SIZE] for at in range(0, len(keys), BATCH_SIZE)]
                for part, refused in zip(parts, pool.map(self._send, parts), strict=True):
                    self.counts["enqueued"] += len(part) - len(refused)
                    self.counts["failed"] += len(refused)
                    self._add_problems(f"Not enqueued: {each.reason}" for each in refused)
                yield len(batch)

    def _send(self, keys: Sequence[str]) -> Sequence[RefusedMessage]:
        """Enqueue each key in a message of its own; return what SQS refused."""
        context = self.context
        bodies = (backfill.write(context.objects.sources_bucket, [key]) for key in keys)
        return context.queues.send_batch(context.queue, [OutgoingMessage(each) for each in bodies])

    def _add_problems(self, problems: Iterable[str]) -> None:
        self.problems += islice(problems, MAX_PROBLEMS - len(self.problems))

    def _prepare(self, difference: CheckResult) -> str:
        """Return the key if it has to be enqueued, else an empty string."""
        try:
            if difference.action is RepairAction.REMAKE:
                self._mark_dirty(difference.key)
            if difference.action is RepairAction.DELETE:
                return self._delete(difference)
            if difference.action is RepairAction.INDEX:
                add_to_index(self.context.ledger, difference.key)
                self.counts["indexed"] += 1
                return ""
        except (Failure, ConditionRefused) as problem:
            self.counts["failed"] += 1
            self._add_problems([f"{quoted(difference.key)}: {problem}"])
            return ""
        return difference.key

    def _mark_dirty(self, key: str) -> None:
        """Mark an entry as unfinished, so that a worker makes all its variants again."""
        entry = self._read(key)
        is_held = entry.lease_until >= self.context.clock.now()
        if entry.status == PUBLISHED and not entry.is_unfinished and not is_held:
            self.context.ledger.mark_dirty(Claim(key, "", 0.0, entry, entry.may_exist))

    def _read(self, key: str) -> Entry:
        """Return the entry of a key, after a renderer has stored what it is about to store."""
        context = self.context
        while (entry := context.ledger.read(key)).is_serving(context.clock.now()):
            context.sleep(SERVING_POLL_SECONDS)
        return entry

    def _delete(self, difference: CheckResult) -> str:
        """Delete the objects that no entry lists; return the key if a worker must process it."""
        context, key, names = self.context, difference.key, frozenset(difference.names)
        known = frozenset(context.recipes.recipe_set.object_names())
        claim = context.ledger.claim(
            key,
            entry=self._read(key),
            lease_seconds=REPAIR_LEASE_SECONDS,
            # The manifest is left out: a worker would treat it as a variant and remove it.
            may_store=sorted((known | names) - {MANIFEST_NAME}),
        )
        entry = claim.entry
        if assess(key, entry, context.objects.head(key), context.recipes).kind.needs_work:
            context.ledger.release(claim)
            return key
        kept = entry.stored | {MANIFEST_NAME} if entry.status == PUBLISHED else frozenset()
        unlisted = sorted(names - kept)
        context.objects.delete([stored_key(key, name) for name in unlisted])
        self.counts["deleted"] += len(unlisted)
        if entry.status in ("", REMOVED):
            context.ledger.tombstone(claim, {})
        else:
            context.ledger.abandon(claim)
        return ""
