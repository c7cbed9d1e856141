"""A source is gone: so are its variants and its manifest, exactly those the ledger knows of."""

from collections.abc import Iterable
from contextlib import suppress

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.ledger import Claim
from shared.deadline import Deadline
from shared.model.completion import Change
from shared.model.entry import REMOVED
from shared.model.errors import UnsupportedKey
from shared.model.keys import manifest_key, refuse_unsupported, stored_key
from shared.model.outcome import Outcome
from worker.context import WorkerContext
from worker.record_log import RecordLog


def remove(
    claim: Claim, context: WorkerContext, deadline: Deadline, record_log: RecordLog
) -> Outcome:
    """Delete what was stored for a source that is gone, and leave a tombstone."""
    nothing_there = claim.entry.status in ("", REMOVED) and not claim.entry.stored
    if not nothing_there:
        clear(claim, context, deadline)
    deadline.require(CALL_SECONDS, "ledger")
    if nothing_there:
        context.ledger.tombstone(claim, {})
        return Outcome.ABSENT
    record_log.changed_at = context.ledger.tombstone(claim, {"change": Change.REMOVED.value})
    record_log.change = Change.REMOVED
    return Outcome.REMOVED


def clear(claim: Claim, context: WorkerContext, deadline: Deadline) -> None:
    """Delete every object that may have been stored for this key, the manifest with them."""
    try:
        refuse_unsupported(claim.key)
    except UnsupportedKey:
        return  # under such a key nothing was ever stored
    deadline.require(CALL_SECONDS, "delete")
    context.objects.delete([manifest_key(claim.key), *_stored(claim.key, claim.may_exist)])


def delete_names(source_key: str, names: Iterable[str], context: WorkerContext) -> None:
    """Delete variants that the source's recipe no longer makes."""
    if doomed := _stored(source_key, names):
        context.objects.delete(doomed)


def _stored(source_key: str, names: Iterable[str]) -> list[str]:
    """Return where these may be stored; of another recipe's names, some may be too long for it."""
    keys = []
    for name in sorted(names):
        with suppress(UnsupportedKey):
            keys.append(stored_key(source_key, name))
    return keys
