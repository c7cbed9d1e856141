"""Makes the stored variants of one key agree with its source as it is now, one writer per key.

An event is only a hint that a key may have changed. Whatever it said, the worker claims the key,
looks at what is there, and makes it so.
"""

from collections.abc import Mapping
from contextlib import suppress

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.errors import ConditionRefused
from shared.cloud.items import Value
from shared.cloud.ledger import Claim
from shared.cloud.watermarks import Resolved
from shared.deadline import Deadline
from shared.events import backfill
from shared.model.completion import Change
from shared.model.entry import REJECTED, REMOVED, Entry
from shared.model.errors import (
    ClaimLost,
    Failure,
    Outside,
    PixfleetError,
    PoisonSuspect,
    Unknown,
    rejection,
)
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe
from shared.model.source import Source
from shared.model.state import (
    CurrentRecipes,
    State,
    StateKind,
    assess,
    changed_since,
    is_ignored,
    recipe_for,
    unknown_recipe,
)
from shared.model.versions import ENGINE_VERSION
from worker.arrival import LEAST_RENDER_SECONDS, Arrival
from worker.context import WorkerContext
from worker.record_log import RecordLog
from worker.removal import clear, remove
from worker.work import Work

# Enough to claim, fetch and begin to render; with less, a claim would only be in the way.
LEAST_SECONDS = LEAST_RENDER_SECONDS + CALL_SECONDS + 10
# Workers' clocks may differ by this much, and no claim outlives its worker's deadline by more.
CLOCK_SKEW_SECONDS = 15.0

# The stages in which variants are written.
WRITES = ("put", "delete")


class RunAlone(PixfleetError):
    """Work on this key has died before: it must be done when nothing else is under way."""

    def __init__(self, crashed_attempts: int) -> None:
        super().__init__(f"{crashed_attempts} attempts crashed")
        self.crashed_attempts = crashed_attempts


def reconcile(
    work: Work,
    context: WorkerContext,
    deadline: Deadline,
    record_log: RecordLog,
    *,
    is_alone: bool = False,
) -> Outcome:
    """Return what became of one key; raise a `Failure` where nothing good did.

    `RunAlone` if the key has to wait until this worker does nothing else.
    """
    deadline.require(LEAST_SECONDS, "claim")
    entry = context.ledger.read(work.key)
    if outcome := _finished_before(entry, work, context, deadline, record_log):
        return outcome
    context.ledger.refuse_held(entry)
    if entry.crashed_attempts + entry.crashes and not is_alone:
        raise RunAlone(entry.crashed_attempts + entry.crashes)
    # Again: the process may have stood still meanwhile, and its message be done by another.
    deadline.require(LEAST_SECONDS, "claim")
    claim = context.ledger.claim(
        work.key,
        lease_seconds=deadline.remaining_seconds() + CLOCK_SKEW_SECONDS,
        # Metadata may choose any recipe.
        may_store=context.recipes.object_names(),
        messages=work.message_ids,
    )
    try:
        outcome = _under_claim(claim, work, context, deadline, record_log)
    except Failure as failure:
        if not failure.is_permanent:
            _release(claim, failure, context, work)
        raise
    return _or_reject_again(outcome, claim.entry, record_log)


def _finished_before(
    entry: Entry, work: Work, context: WorkerContext, deadline: Deadline, record_log: RecordLog
) -> Outcome | None:
    """Return how the key ended, if ledger and source agree on it and nobody is at work there.

    Most duplicates end here, without a claim. For the messages that led to a rejection its failure
    is raised once more: their worker may have died before it made a dead letter of them.
    """
    if is_ignored(work.key, entry, context.recipes):
        if entry.status == REMOVED:
            record_log.remember(entry)
        return Outcome.IGNORED
    if entry.is_unfinished or not entry.status:
        return None
    source, wanted = _look(work.key, context, deadline, record_log)
    state = _assess(work.key, entry, source, wanted, context)
    if state.kind is StateKind.ABSENT:
        record_log.remember(entry)
        return Outcome.ABSENT
    outcome = _finished(state, entry, work, record_log)
    return outcome and _or_reject_again(outcome, entry, record_log)


def _or_reject_again(outcome: Outcome, entry: Entry, record_log: RecordLog) -> Outcome:
    """Return the outcome, but raise the failure of a rejection that these messages led to."""
    if outcome is Outcome.REJECTED and record_log.change:
        raise rejection(entry.cause, entry.detail, stage=entry.stage)
    return outcome


def _under_claim(
    claim: Claim, work: Work, context: WorkerContext, deadline: Deadline, record_log: RecordLog
) -> Outcome:
    """Publish or remove; what can only fail again is rejected under the same claim."""
    try:
        # Read after the claim: a change that this misses has its own event still to come.
        deadline.require(CALL_SECONDS, "head")
        source, wanted = _look(claim.key, context, deadline, record_log)
        if source is None or context.recipes.matching(claim.key) is None:
            return remove(claim, context, deadline, record_log)
        state = _assess(claim.key, claim.entry, source, wanted, context)
        if outcome := _finished(state, claim.entry, work, record_log):
            context.ledger.abandon(claim)
            return outcome
        if wanted is None:
            raise unknown_recipe(source, context.recipes)
        Arrival(source, wanted.recipe, wanted.mark, claim, context, deadline, record_log).run()
    except Failure as failure:
        final = failure
        if isinstance(failure, PoisonSuspect) and _crashed_before(claim.entry, record_log):
            final = failure.as_permanent()
        if final.is_permanent:
            _reject(claim, final, context, deadline, record_log)
        raise final from failure.__cause__
    return Outcome.MADE


def _look(
    key: str, context: WorkerContext, deadline: Deadline, record_log: RecordLog
) -> tuple[Source | None, Resolved | None]:
    """Return the source as it is now, and the recipe it is to be made by; none for neither."""
    source = record_log.source = context.objects.head(key)
    recipe = recipe_for(source, context.recipes) if source else None
    wanted = context.watermarks.resolve(recipe, deadline) if recipe else None
    record_log.recipe = wanted.recipe if wanted else None
    return source, wanted


def _assess(
    key: str, entry: Entry, source: Source | None, wanted: Resolved | None, context: WorkerContext
) -> State:
    """Return the state of a source; `wanted` is its recipe with the watermark as it is now."""

    def fingerprint_of(_: Recipe) -> str:
        return wanted.recipe.fingerprint if wanted else ""

    return assess(key, entry, source, CurrentRecipes(context.recipes, fingerprint_of))


def _finished(state: State, entry: Entry, work: Work, record_log: RecordLog) -> Outcome | None:
    """Return the outcome of a source that needs no work; None if it needs some."""
    if state.kind is StateKind.CURRENT:
        record_log.remember(entry)
        return Outcome.CURRENT
    # A message asks once for a second try: what it was told already it is told again.
    is_asked = work.asks_again and entry.told_by.isdisjoint(work.message_ids)
    if state.kind is StateKind.REJECTED and not is_asked:
        record_log.remember(entry)
        return Outcome.REJECTED
    return None


def _crashed_before(entry: Entry, record_log: RecordLog) -> bool:
    """Return whether a render child died over this source before, or the source was rejected.

    Otherwise every message that asks again would begin to count anew, and the last of them would
    leave a claim behind that never came to its end.
    """
    source, recipe = record_log.source, record_log.recipe
    fingerprint = recipe.fingerprint if recipe else ""
    is_rejected = (
        source is not None
        and entry.status == REJECTED
        and changed_since(entry, source, fingerprint) is None
    )
    return bool(entry.crashes) or is_rejected


def _reject(
    claim: Claim,
    failure: Failure,
    context: WorkerContext,
    deadline: Deadline,
    record_log: RecordLog,
) -> None:
    """Take down what was stored for the key, since it is not what is there now, and say why."""
    clear(claim, context, deadline)
    deadline.require(CALL_SECONDS, "ledger")
    record_log.changed_at = context.ledger.reject(claim, failure, _facts(record_log))
    record_log.change = Change.REJECTED


def _facts(record_log: RecordLog) -> Mapping[str, Value]:
    """Return what a rejected source is known by; it is tried again once any of it has changed."""
    facts: dict[str, Value] = {"change": Change.REJECTED.value, "engine": ENGINE_VERSION}
    if record_log.recipe:
        facts |= {"recipe": record_log.recipe.name, "fingerprint": record_log.recipe.fingerprint}
    if record_log.source:
        facts |= {
            "etag": record_log.source.etag,
            "identity": record_log.source.identity,
            "last_modified": record_log.source.last_modified,
            "source_bytes": record_log.source.size_bytes,
        }
    return facts


def _release(claim: Claim, failure: Failure, context: WorkerContext, work: Work) -> None:
    """End the claim, so that the next try need not wait for its lease."""
    # A write whose answer was lost may still take effect, within the time that a call may take.
    # Whatever its last attempt was told: an earlier one may have been the write in doubt.
    in_doubt = isinstance(failure, Outside | Unknown) and failure.stage in WRITES
    # If this fails the lease runs out by itself; why the image failed matters more.
    with suppress(Failure, ConditionRefused):
        try:
            if isinstance(failure, ClaimLost):
                raise failure
            context.ledger.release(
                claim,
                hold_seconds=CALL_SECONDS if in_doubt else 0.0,
                crashed=isinstance(failure, PoisonSuspect),
            )
        except ClaimLost:
            # Another has worked on the key meanwhile, and we may have written after it. Our own
            # message may be settled by now, so that nobody would look again.
            context.ledger.mark_dirty(claim)
            look_again = backfill.write(context.objects.sources_bucket, [claim.key])
            context.queues.send(work.queue, look_again, {})
