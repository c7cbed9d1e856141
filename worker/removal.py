"""Removes a key: deletes exactly the variants that the ledger lists, and the manifest."""

from collections.abc import Iterable
from contextlib import suppress

from shared.cloud.claims import Claim
from shared.model.completion import Change
from shared.model.entry import REMOVED
from shared.model.errors import UnsupportedKey
from shared.model.keys import manifest_key, refuse_unsupported, stored_key
from shared.model.outcome import Outcome
from worker.context import WorkerContext
from worker.due_purge import makes_purge_due
from worker.result import KeyResult


def remove(claim: Claim, context: WorkerContext) -> KeyResult:
    """Delete what was stored for a key, and leave a tombstone.

    Its source was deleted, or no recipe matches its key any more.
    """
    if claim.entry.status in ("", REMOVED) and not claim.entry.may_exist:
        context.ledger.tombstone(claim, {})
        return KeyResult(Outcome.ABSENT)
    clear(claim, context)
    purges = makes_purge_due(claim, context)
    changed_at = context.ledger.tombstone(claim, {"change": Change.REMOVED.value}, purges=purges)
    return KeyResult(
        Outcome.REMOVED, Change.REMOVED, changed_at, purge_due=changed_at if purges else 0.0
    )


def clear(claim: Claim, context: WorkerContext) -> None:
    """Delete the manifest and every variant that may be stored for the claimed key."""
    try:
        refuse_unsupported(claim.key)
    except UnsupportedKey:
        return  # nothing is ever stored for such a key
    context.objects.delete([manifest_key(claim.key), *_stored(claim.key, claim.may_exist)])


def delete_names(source_key: str, names: Iterable[str], context: WorkerContext) -> None:
    """Delete variants that the source's recipe no longer makes."""
    if doomed := _stored(source_key, names):
        context.objects.delete(doomed)


def _stored(source_key: str, names: Iterable[str]) -> list[str]:
    """Return the S3 keys of variants; names of other recipes may be too long for a key."""
    keys = []
    for name in sorted(names):
        with suppress(UnsupportedKey):
            keys.append(stored_key(source_key, name))
    return keys
