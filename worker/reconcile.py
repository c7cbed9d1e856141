"""Makes the stored variants of one key agree with its source as it is now, one writer per key.

An event is only a hint that a key may have changed. Whatever the event says, the worker claims the
key, reads the source, and publishes, removes or rejects accordingly.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from shared.cloud.claims import Claim
from shared.cloud.errors import ConditionRefused
from shared.cloud.items import Value
from shared.cloud.watermarks import Resolved
from shared.events import backfill
from shared.model.completion import Change
from shared.model.entry import REJECTED, Entry
from shared.model.errors import (
    Claimed,
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
from worker.arrival import Arrival
from worker.context import WorkerContext
from worker.due_purge import makes_purge_due, send_due_purge
from worker.forward import Forward, forward_of, origin_fields, with_remedy
from worker.lease import lease_seconds
from worker.record_log import RecordLog
from worker.removal import clear, remove
from worker.result import KeyResult
from worker.uploads import Uploads
from worker.work import Work

# The stages in which variants are written.
WRITES = ("put", "delete")


class RunAlone(PixfleetError):
    """An earlier attempt at this key crashed: it must run while this worker does nothing else."""

    def __init__(self, crashed_attempts: int) -> None:
        super().__init__(f"{crashed_attempts} attempts crashed")
        self.crashed_attempts = crashed_attempts


@dataclass(frozen=True, slots=True)
class Observed:
    """The source of a key and its recipe as they are now; None for what does not exist."""

    source: Source | None = None
    resolved: Resolved | None = None

    @property
    def recipe(self) -> Recipe | None:
        """Return the recipe with its watermark as it is now."""
        return self.resolved.recipe if self.resolved else None

    @property
    def fingerprint(self) -> str:
        """Return the recipe's fingerprint; empty without a recipe."""
        return self.recipe.fingerprint if self.recipe else ""


def reconcile(
    work: Work, context: WorkerContext, record_log: RecordLog, *, is_alone: bool = False
) -> KeyResult:
    """Return how the work on one key ended, a rejection included; raise any other `Failure`.

    A source that a larger lane may render is forwarded instead of rejected.

    Raises `RunAlone` if the key has to wait until this worker does nothing else. `context` must be
    within a deadline.
    """
    context.deadline.require(context.policy.least_claim_seconds, "claim")
    entry = context.ledger.read(work.key)
    is_due = not _purges(work.key, entry, context)
    result = _finished_before(entry, work, context, record_log) or _claimed(
        entry, work, context, record_log, is_alone=is_alone
    )
    return replace(result, purge_due=result.purge_due or entry.purge_due) if is_due else result


def _purges(key: str, entry: Entry, context: WorkerContext) -> bool:
    """Send the purge that an earlier result has made due; return False if it stays due.

    A purge queue that does not work is no reason to keep a picture back. After the work the purge
    is sent again, and a failure then brings the message back.
    """
    try:
        send_due_purge(
            key, entry.purge_due, context, spare_seconds=context.policy.least_claim_seconds
        )
    except Failure:
        return False
    return True


def _claimed(
    entry: Entry, work: Work, context: WorkerContext, record_log: RecordLog, *, is_alone: bool
) -> KeyResult:
    """Claim a key, and return how the work on it ended."""
    claim = _claim(entry, work, context, is_alone=is_alone)
    try:
        return _under_claim(claim, work, context, record_log)
    except Failure as failure:
        _release(claim, failure, context, work)
        raise


def _claim(entry: Entry, work: Work, context: WorkerContext, *, is_alone: bool) -> Claim:
    """Claim a key whose entry was just read; wait in place while a renderer holds it."""
    while True:
        try:
            return _claim_at_once(entry, work, context, is_alone=is_alone)
        except Claimed as held:
            pause_seconds = context.policy.serving_poll_seconds
            least_seconds = context.policy.least_claim_seconds + pause_seconds
            if not held.is_serving or context.deadline.remaining_seconds() < least_seconds:
                raise
        context.sleep(pause_seconds)
        entry = context.ledger.read(work.key)


def _claim_at_once(entry: Entry, work: Work, context: WorkerContext, *, is_alone: bool) -> Claim:
    context.ledger.refuse_held(entry)
    crashes = entry.crashed_attempts + entry.crashes
    if crashes and not is_alone:
        raise RunAlone(crashes)
    # Checked again: Lambda may have frozen the process, and another worker may have received the
    # message by now.
    context.deadline.require(context.policy.least_claim_seconds, "claim")
    return context.ledger.claim(
        work.key,
        lease_seconds=lease_seconds(context.deadline, context.policy),
        # Metadata may choose any recipe.
        may_store=context.recipes.object_names(),
        messages=work.message_ids,
        entry=entry,
    )


def _finished_before(
    entry: Entry, work: Work, context: WorkerContext, record_log: RecordLog
) -> KeyResult | None:
    """Return the result of a key that needs no work and that no worker has claimed.

    Most duplicates end here, without a claim.
    """
    if is_ignored(work.key, entry, context.recipes):
        return _former_result(Outcome.IGNORED, entry, work)
    if entry.is_unfinished or not entry.status:
        return None
    observed = _observe(work.key, context, record_log)
    state = _assess(work.key, entry, observed, context)
    if state.kind is StateKind.ABSENT:
        return _former_result(Outcome.ABSENT, entry, work)
    if state.kind is StateKind.IGNORED:
        return _former_result(Outcome.IGNORED, entry, work)
    return _finished(state, entry, work)


def _under_claim(
    claim: Claim, work: Work, context: WorkerContext, record_log: RecordLog
) -> KeyResult:
    """Publish, remove or reject under one claim; a transient failure is raised."""
    observed, uploads = Observed(), None
    try:
        # Read after the claim: a change that this misses has its own event still to come.
        observed = _observe(claim.key, context, record_log)
        source, resolved = observed.source, observed.resolved
        if source is None or context.recipes.matching(claim.key) is None:
            return remove(claim, context)
        state = _assess(claim.key, claim.entry, observed, context)
        if result := _finished(state, claim.entry, work):
            context.ledger.abandon(claim)
            return result
        if resolved is None:
            raise unknown_recipe(source, context.recipes)
        uploads = Uploads(source, resolved.recipe, context)
        return Arrival(
            source, resolved.recipe, resolved.watermark, claim, context, record_log, uploads
        ).publish()
    except Failure as failure:
        final = failure
        if isinstance(failure, PoisonSuspect) and _crashed_before(claim.entry, observed, work):
            final = failure.as_permanent()
        if not final.is_permanent:
            raise
        if forward := forward_of(work, final, context.settings):
            has_stored = uploads is not None and uploads.has_begun
            return _forward(claim, forward, context, has_stored=has_stored)
        return _reject(claim, final, observed, context, work)


def _observe(key: str, context: WorkerContext, record_log: RecordLog) -> Observed:
    """Return the source as it is now, and the recipe to render it by."""
    source = record_log.source = context.objects.head(key)
    record_log.recipe = None
    recipe = recipe_for(source, context.recipes) if source else None
    resolved = context.watermarks.resolve(recipe, context.objects) if recipe else None
    observed = Observed(source, resolved)
    record_log.recipe = observed.recipe
    return observed


def _assess(key: str, entry: Entry, observed: Observed, context: WorkerContext) -> State:
    """Return the state of a source, by its recipe with the watermark as it is now."""
    recipes = CurrentRecipes(
        context.recipes, lambda _: observed.fingerprint, on_demand=context.settings.on_demand
    )
    return assess(key, entry, observed.source, recipes)


def _finished(state: State, entry: Entry, work: Work) -> KeyResult | None:
    """Return the result of a source that needs no work; None if it needs some."""
    if state.kind is StateKind.CURRENT:
        return _former_result(Outcome.CURRENT, entry, work)
    # Each message can ask once to try a rejected source again. Its later receives get the answer
    # of that try.
    is_asked = work.asks_again and entry.message_ids.isdisjoint(work.message_ids)
    if state.kind is StateKind.REJECTED and not is_asked:
        return _former_result(Outcome.REJECTED, entry, work)
    return None


def _former_result(outcome: Outcome, entry: Entry, work: Work) -> KeyResult:
    """Return the result of earlier work, from its ledger entry.

    If that work was for the same messages, its change is published again, and its rejection is a
    failure again: its worker may have died before it published the event or sent the dead letter.
    Where no recipe matches the key any more, the rejection is only published.
    """
    change = Change(entry.change) if entry.change and work.answers_for(entry) else None
    failure = None
    if change is Change.REJECTED:
        failure = rejection(entry.cause, entry.detail, stage=entry.stage)
    return KeyResult(
        failure if failure and outcome is Outcome.REJECTED else outcome,
        change=change,
        changed_at=entry.updated_at,
        etag=entry.etag,
        recipe=entry.recipe,
        version=entry.version,
        variants=len(entry.stored),
        variant_bytes=entry.variant_bytes,
        rejection=failure,
    )


def _crashed_before(entry: Entry, observed: Observed, work: Work) -> bool:
    """Return whether a render child died over this source before, or the source was rejected.

    Without this, every message that asks again would start a new count, and the last one would
    leave a claim that was never finished. A smaller lane's rejection is no reason: each lane
    counts from zero.
    """
    is_rejected = (
        observed.source is not None
        and not work.forwarded_from
        and entry.status == REJECTED
        and changed_since(entry, observed.source, observed.fingerprint) is None
    )
    return bool(entry.crashes) or is_rejected


def _forward(
    claim: Claim, forward: Forward, context: WorkerContext, *, has_stored: bool
) -> KeyResult:
    """End the claim of a key that a larger lane gets; its message is sent after that."""
    context.ledger.hand_over(claim, lane=forward.lane, why=forward.why, has_stored=has_stored)
    return KeyResult(forward)


def _reject(
    claim: Claim, failure: Failure, observed: Observed, context: WorkerContext, work: Work
) -> KeyResult:
    """Delete the variants of the former source, and write why this one has none."""
    failure = with_remedy(failure, work.lane)
    clear(claim, context)
    purges = makes_purge_due(claim, context)
    facts = {**_facts(observed), **origin_fields(work)}
    changed_at = context.ledger.reject(claim, failure, facts, purges=purges)
    return KeyResult(
        failure,
        Change.REJECTED,
        changed_at,
        etag=observed.source.etag if observed.source else "",
        recipe=observed.recipe.name if observed.recipe else "",
        purge_due=changed_at if purges else 0.0,
    )


def _facts(observed: Observed) -> Mapping[str, Value]:
    """Return what identifies a rejected source; once any of it changes, it is tried again."""
    facts: dict[str, Value] = {"change": Change.REJECTED.value, "engine": ENGINE_VERSION}
    if recipe := observed.recipe:
        facts |= {"recipe": recipe.name, "fingerprint": recipe.fingerprint}
    if source := observed.source:
        facts |= {
            "etag": source.etag,
            "identity": source.identity,
            "last_modified": source.last_modified,
            "source_bytes": source.size_bytes,
        }
    return facts


def _release(claim: Claim, failure: Failure, context: WorkerContext, work: Work) -> None:
    """End the claim, so that the next try need not wait for its lease."""
    # A write whose answer was lost may still take effect, within the time that a call may take.
    # The last attempt's own answer does not matter: an earlier one may have been that write.
    may_take_effect = isinstance(failure, Outside | Unknown) and failure.stage in WRITES
    hold_seconds = context.policy.calls.call_seconds if may_take_effect else 0.0
    # If this fails the lease expires; why the image failed matters more.
    with suppress(Failure, ConditionRefused):
        try:
            if isinstance(failure, ClaimLost):
                raise failure
            context.ledger.release(
                claim, hold_seconds=hold_seconds, crashed=isinstance(failure, PoisonSuspect)
            )
        except ClaimLost:
            # Another worker has the key, and this one may have written after it. The message may
            # be deleted already, so a new one makes sure that a worker looks at the key again.
            context.ledger.mark_dirty(claim)
            look_again = backfill.write(context.objects.sources_bucket, [claim.key])
            context.queues.send(work.queue, look_again, {})
