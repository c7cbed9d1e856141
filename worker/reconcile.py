"""Makes the stored variants of one key agree with its source as it is now, one writer per key.

An event is only a hint that a key may have changed. Whatever the event says, the worker

1. reads the key's ledger entry, and sends a purge that an earlier worker has left due;
2. returns the earlier result, if source and recipe are those of the entry (most duplicates);
3. claims the key, and only then reads the source that it renders;
4. publishes the source, removes the key, forwards it to a larger lane, or rejects the source.
   Each of these ends the claim with its last write;
5. releases the claim if none of them succeeded. The queue delivers the message again.
"""

from dataclasses import replace

from shared.cloud.claims import Claim
from shared.model.entry import Entry
from shared.model.errors import Failure, PoisonSuspect
from shared.model.outcome import Outcome
from shared.model.state import StateKind, is_ignored, unknown_recipe
from worker.arrival import Arrival
from worker.claiming import claim_key, release_failed
from worker.context import WorkerContext
from worker.due_purge import send_due_purge
from worker.earlier_result import crashed_before, earlier_result, result_if_finished
from worker.forward import Forward, forward_of
from worker.observed import Observed, assess_observed, observe
from worker.record_log import RecordLog
from worker.rejection import reject
from worker.removal import remove
from worker.result import KeyResult
from worker.uploads import Uploads
from worker.work import Work


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
    is_purged = _send_earlier_purge(work.key, entry, context)
    result = _result_without_claim(entry, work, context, record_log)
    if result is None:
        claim = claim_key(entry, work, context, is_alone=is_alone)
        try:
            result = _result_under_claim(claim, work, context, record_log)
        except Failure as failure:
            release_failed(claim, failure, work, context)
            raise
    return result if is_purged else replace(result, purge_due=result.purge_due or entry.purge_due)


def _send_earlier_purge(key: str, entry: Entry, context: WorkerContext) -> bool:
    """Send the purge that an earlier result has made due; return False if it stays due.

    A purge queue that does not work must not delay a picture. After the work the purge is sent
    again. If that fails too, the message is delivered again.
    """
    try:
        send_due_purge(
            key, entry.purge_due, context, spare_seconds=context.policy.least_claim_seconds
        )
    except Failure:
        return False
    return True


def _result_without_claim(
    entry: Entry, work: Work, context: WorkerContext, record_log: RecordLog
) -> KeyResult | None:
    """Return the result of a key that needs no work; None if it may need some."""
    if is_ignored(work.key, entry, context.recipes):
        return earlier_result(Outcome.IGNORED, entry, work)
    if entry.is_unfinished or not entry.status:
        return None
    observed = observe(work.key, context, record_log)
    state = assess_observed(work.key, entry, observed, context)
    if state.kind is StateKind.ABSENT:
        return earlier_result(Outcome.ABSENT, entry, work)
    if state.kind is StateKind.IGNORED:
        return earlier_result(Outcome.IGNORED, entry, work)
    return result_if_finished(state, entry, work)


def _result_under_claim(
    claim: Claim, work: Work, context: WorkerContext, record_log: RecordLog
) -> KeyResult:
    """Publish, remove, forward or reject under one claim; a transient failure is raised."""
    observed, uploads = Observed(), None
    try:
        # Read after the claim: a change that this misses has its own event still to come.
        observed = observe(claim.key, context, record_log)
        source, resolved = observed.source, observed.resolved
        if source is None or context.recipes.matching(claim.key) is None:
            return remove(claim, context)
        state = assess_observed(claim.key, claim.entry, observed, context)
        if result := result_if_finished(state, claim.entry, work):
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
        if isinstance(failure, PoisonSuspect) and crashed_before(claim.entry, observed, work):
            final = failure.as_permanent()
        if not final.is_permanent:
            raise
        if forward := forward_of(work, final, context.settings):
            has_stored = uploads is not None and uploads.has_begun
            return _forward(claim, forward, context, has_stored=has_stored)
        return reject(claim, final, observed, work, context)


def _forward(
    claim: Claim, forward: Forward, context: WorkerContext, *, has_stored: bool
) -> KeyResult:
    """End the claim of a key that a larger lane gets; its message is sent after that."""
    context.ledger.hand_over(claim, lane=forward.lane, why=forward.why, has_stored=has_stored)
    return KeyResult(forward)
