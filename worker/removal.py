"""A source is gone: so are its variants and its manifest, exactly those the ledger knows of."""

from collections.abc import Iterable

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.entries import REMOVED
from shared.cloud.ledger import Claim
from shared.deadline import Deadline
from shared.model.completion import Change
from shared.model.keys import manifest_key, stored_key
from shared.model.outcome import Outcome
from worker.fleet import Fleet
from worker.story import Story


def remove(claim: Claim, fleet: Fleet, deadline: Deadline, story: Story) -> Outcome:
    """Delete what was stored for a source that is gone, and leave a tombstone."""
    nothing_there = claim.entry.status in ("", REMOVED) and not claim.entry.stored
    if not nothing_there:
        clear(claim, fleet, deadline)
    deadline.require(CALL_SECONDS, "ledger")
    story.changed_at = fleet.ledger.bury(claim)
    if nothing_there:
        return Outcome.ABSENT
    story.change = Change.REMOVED
    return Outcome.REMOVED


def clear(claim: Claim, fleet: Fleet, deadline: Deadline) -> None:
    """Delete every object that may have been stored for this key, the manifest with them."""
    names = [stored_key(claim.key, name) for name in sorted(claim.may_exist)]
    deadline.require(CALL_SECONDS, "delete")
    fleet.objects.delete([manifest_key(claim.key), *names])


def delete_names(source_key: str, names: Iterable[str], fleet: Fleet) -> None:
    """Delete variants that the source's recipe no longer makes."""
    doomed = [stored_key(source_key, name) for name in sorted(names)]
    if doomed:
        fleet.objects.delete(doomed)
