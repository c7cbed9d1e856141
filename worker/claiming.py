"""Claims a key for a worker, and ends the claim of work that failed."""

from contextlib import suppress

from shared.cloud.claims import Claim
from shared.cloud.errors import ConditionRefused
from shared.events import backfill
from shared.model.entry import Entry
from shared.model.errors import (
    Claimed,
    ClaimLost,
    Failure,
    Outside,
    PixfleetError,
    PoisonSuspect,
    Unknown,
)
from worker.context import WorkerContext
from worker.lease import lease_seconds
from worker.work import Work

# The stages in which variants are written.
WRITES = ("put", "delete")


class RunAlone(PixfleetError):
    """An earlier attempt at this key crashed: it must run while this worker does nothing else."""

    def __init__(self, crashed_attempts: int) -> None:
        super().__init__(f"{crashed_attempts} attempts crashed")
        self.crashed_attempts = crashed_attempts


def claim_key(entry: Entry, work: Work, context: WorkerContext, *, is_alone: bool) -> Claim:
    """Claim a key whose entry was just read; wait while a renderer holds it.

    Raises `Claimed` while another worker holds it, and `RunAlone` if an earlier attempt crashed.
    """
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


def release_failed(claim: Claim, failure: Failure, work: Work, context: WorkerContext) -> None:
    """End the claim of work that failed, so that the next attempt need not wait for its lease."""
    # If this fails the lease expires; why the image failed matters more.
    with suppress(Failure, ConditionRefused):
        try:
            if isinstance(failure, ClaimLost):
                raise failure
            context.ledger.release(
                claim,
                hold_seconds=_hold_seconds(failure, context),
                crashed=isinstance(failure, PoisonSuspect),
            )
        except ClaimLost:
            _have_processed_again(claim, work, context)


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


def _hold_seconds(failure: Failure, context: WorkerContext) -> float:
    """Return for how long no other worker may have the key after a failure.

    A write whose response was lost may still take effect, within the time that a call may take.
    The response of its last attempt does not matter: an earlier attempt may be that write.
    """
    may_take_effect = isinstance(failure, Outside | Unknown) and failure.stage in WRITES
    return context.policy.calls.call_seconds if may_take_effect else 0.0


def _have_processed_again(claim: Claim, work: Work, context: WorkerContext) -> None:
    """Mark a key as dirty whose claim was lost, and send a message about it.

    Another worker has the key, and this one may have written after it. The message of this work
    may be deleted already.
    """
    context.ledger.mark_dirty(claim)
    body = backfill.write(context.objects.sources_bucket, [claim.key])
    context.queues.send(work.queue, body, {})
