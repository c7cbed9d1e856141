"""What earlier work on a key has decided, by its ledger entry."""

from shared.model.completion import Change
from shared.model.entry import REJECTED, Entry
from shared.model.errors import rejection
from shared.model.outcome import Outcome
from shared.model.state import State, StateKind, changed_since
from worker.observed import Observed
from worker.result import KeyResult
from worker.work import Work


def result_if_finished(state: State, entry: Entry, work: Work) -> KeyResult | None:
    """Return the result of a source that needs no work; None if it needs some."""
    if state.kind is StateKind.CURRENT:
        return earlier_result(Outcome.CURRENT, entry, work)
    # A redrive or a backfill tries a rejected source again once for each message. A later receive
    # of the same message gets the result of that attempt.
    is_asked = work.asks_again and entry.message_ids.isdisjoint(work.message_ids)
    if state.kind is StateKind.REJECTED and not is_asked:
        return earlier_result(Outcome.REJECTED, entry, work)
    return None


def earlier_result(outcome: Outcome, entry: Entry, work: Work) -> KeyResult:
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


def crashed_before(entry: Entry, observed: Observed, work: Work) -> bool:
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
