"""Bundles keys into invalidations, within CloudFront's limits and a monthly budget of paths.

A message is acknowledged once CloudFront has accepted its paths, or if it can do no good any
more. Every other message is hidden for a while and comes back with its age.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

import structlog

from shared.clock import Clock
from shared.cloud.invalidations import STAGE, Invalidations, PathsRefused
from shared.cloud.message_batches import BATCH_SIZE
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving, ServingLock, month_of
from shared.deadline import Deadline
from shared.events.purge import AGAIN_SECONDS
from shared.events.sqs import Message
from shared.model.errors import Failure, Throttled, Unknown
from shared.model.invalidation_paths import (
    EVERYTHING,
    paths_of,
    plain_paths_of,
)
from worker.purge.policy import POLICY, PurgePolicy
from worker.purge.settings import PurgeSettings
from worker.purge.waiting import Waiting, waiting_requests

log = structlog.get_logger()

# The place in the table `serving` of invalidations of everything.
EVERYTHING_PLACE = ("purge-everything", 0)


@dataclass(frozen=True, slots=True)
class Purger:
    """The services of the purge function, and its limits."""

    settings: PurgeSettings
    clock: Clock
    invalidations: Invalidations
    serving: Serving
    queues: Queues
    policy: PurgePolicy = POLICY

    def purge(self, messages: Sequence[Message], deadline: Deadline) -> tuple[Message, ...]:
        """Invalidate what fits into one request; return the messages that must come back."""
        waiting = waiting_requests(messages, self.clock.now(), self.policy.longest_seconds)
        if not waiting:
            return ()
        try:
            kept = self._purge(waiting)
        except Failure as failure:
            self._log_failure(failure, waiting)
            kept = waiting
        again = tuple(chain.from_iterable(each.messages for each in kept))
        self._hide(again, deadline)
        return again

    def _purge(self, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        """Return the requests that have to wait; raises a `Failure` if all of them have to."""
        if self._is_everything_better(waiting):
            lock = self.serving.take_place(*EVERYTHING_PLACE, self.policy.everything_seconds)
            if lock:
                self._invalidate_everything(lock, waiting)
                return ()
            waiting = self._not_covered(waiting)
        by_key = [each for each in waiting if not each.request.is_everything]
        chosen = self._chosen(by_key)
        if chosen:
            paths = chain.from_iterable(paths_of(each.request.key) for each in chosen)
            self._invalidate(tuple(dict.fromkeys(paths)), chosen)
        elif by_key:
            chosen = by_key
            self._log_over_budget(chosen)
        return [each for each in waiting if each not in chosen]

    def _is_everything_better(self, waiting: Sequence[Waiting]) -> bool:
        if any(each.request.is_everything for each in waiting):
            return True
        # Messages of this batch are in flight, too; SQS's figures may be a minute old.
        depth = self.queues.depth(self.settings.queue)
        return max(len(waiting), depth.waiting + depth.in_flight) > self.policy.most_waiting

    def _not_covered(self, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        """Return the requests that the last invalidation of everything came too early for.

        A message may be the second one of its key, for answers that were on their way to a cache
        until `AGAIN_SECONDS` after it was sent.
        """
        next_at = self.serving.place_until(*EVERYTHING_PLACE)
        latest = next_at - self.policy.everything_seconds - AGAIN_SECONDS
        return [each for each in waiting if each.last_sent_at > latest]

    def _invalidate_everything(self, lock: ServingLock, waiting: Sequence[Waiting]) -> None:
        is_done = False
        try:
            is_done = self._invalidate([EVERYTHING], waiting)
        finally:
            if not is_done:
                self.serving.release_lock(lock)

    def _chosen(self, by_key: Sequence[Waiting]) -> Sequence[Waiting]:
        """Return the requests whose paths fit into one invalidation and the month's budget."""
        left = self.settings.monthly_paths - self.serving.paths_spent(self.month)
        left = min(left, self.policy.paths_at_once)
        chosen = []
        for each in by_key:
            count = len(paths_of(each.request.key))
            if count <= left:
                chosen.append(each)
                left -= count
        return chosen

    def _invalidate(self, paths: Sequence[str], waiting: Sequence[Waiting]) -> bool:
        """Have CloudFront evict the paths; return False if the month's budget does not allow it.

        Paths of a request that CloudFront refused do not count.
        """
        month, budget = self.month, self.settings.monthly_paths
        if not self.serving.spend_paths(month, len(paths), budget):
            self._log_over_budget(waiting)
            return False
        try:
            invalidation, sent = self._create(paths, waiting)
        except Failure:
            self.serving.spend_paths(month, -len(paths), budget)
            raise
        if unused := len(paths) - len(sent):
            self.serving.spend_paths(month, -unused, budget)
        if not sent:  # what is cached of these keys goes with its lifetime
            return True
        purged = _covered(waiting, sent)
        self._note_in_receipts(invalidation, purged)
        log.info(
            "purged",
            invalidation=invalidation,
            keys=len(purged),
            paths=list(sent),
            purged_paths=len(sent),
            **self._age(waiting),
        )
        return True

    def _note_in_receipts(self, invalidation: str, waiting: Sequence[Waiting]) -> None:
        """Tell the receipts of deletions; the purge is done whether or not that succeeds."""
        for receipt in chain.from_iterable(each.receipts for each in waiting):
            try:
                self.serving.note_invalidation(receipt, invalidation)
            except Failure as failure:
                log.warning(
                    "receipt not updated",
                    receipt=receipt,
                    invalidation=invalidation,
                    **_why(failure),
                )

    def _create(
        self, paths: Sequence[str], waiting: Sequence[Waiting]
    ) -> tuple[str, Sequence[str]]:
        """Return the id of an invalidation, and its paths: without those that may be refused."""
        try:
            return self.invalidations.create(paths, _reference(paths, waiting)), paths
        except PathsRefused as refused:
            plain = chain.from_iterable(plain_paths_of(each.request.key) for each in waiting)
            others = tuple(dict.fromkeys(plain))
            log.warning("paths refused", paths=paths, instead=others, detail=str(refused))
            if not others:
                return "", others
            try:
                return self.invalidations.create(others, _reference(others, waiting)), others
            except PathsRefused as again:
                raise Unknown(str(again), stage=STAGE) from again

    def _hide(self, messages: Sequence[Message], deadline: Deadline) -> None:
        """Have the messages come back soon; without this they come back a few minutes later."""
        for first in range(0, len(messages), BATCH_SIZE):
            receipts = [each.receipt_handle for each in messages[first : first + BATCH_SIZE]]
            try:
                deadline.require(self.policy.calls.call_seconds, "hide")
                self.queues.hide(self.settings.queue, receipts, seconds=self.policy.hide_seconds)
            except Failure as failure:
                log.warning("messages not hidden", **_why(failure))
                return

    def _log_over_budget(self, waiting: Sequence[Waiting]) -> None:
        log.warning(
            "purge over budget",
            purges_over_budget=len(waiting),
            monthly_paths=self.settings.monthly_paths,
        )

    def _log_failure(self, failure: Failure, waiting: Sequence[Waiting]) -> None:
        """Log why all requests have to wait; that CloudFront throttles is no failure."""
        fields: dict[str, object] = {**_why(failure), **self._age(waiting), "keys": len(waiting)}
        if isinstance(failure, Throttled):
            log.info("purge throttled", **fields)
        else:
            log.warning("purge failed", purge_failures=len(waiting), **fields)

    def _age(self, waiting: Sequence[Waiting]) -> dict[str, float]:
        return {"purge_age_seconds": self.clock.now() - min(e.first_sent_at for e in waiting)}

    @property
    def month(self) -> str:
        """Return the month whose paths are counted, in UTC."""
        return month_of(self.clock.now())


def _covered(waiting: Sequence[Waiting], paths: Sequence[str]) -> Sequence[Waiting]:
    """Return the requests all of whose paths were sent."""
    sent = frozenset(paths)
    if EVERYTHING in sent:
        return waiting
    return [each for each in waiting if sent.issuperset(paths_of(each.request.key))]


def _reference(paths: Sequence[str], waiting: Sequence[Waiting]) -> str:
    """Return the same text for the same messages and paths: they are then invalidated once."""
    ids = sorted(message.id for each in waiting for message in each.messages)
    return sha256("\n".join((*ids, *paths)).encode()).hexdigest()


def _why(failure: Failure) -> dict[str, str]:
    return {"cause": failure.cause.value, "stage": failure.stage, "detail": failure.detail}
