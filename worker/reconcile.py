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
    Suspect,
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
from worker.context import Fleet
from worker.record_log import Story
from worker.removal import clear, remove
from worker.work import Work

# Enough to claim, fetch and begin to render; with less, a claim would only be in the way.
LEAST_SECONDS = LEAST_RENDER_SECONDS + CALL_SECONDS + 10
# Workers' clocks may differ by this much, and no claim outlives its worker's deadline by more.
CLOCK_SKEW_SECONDS = 15.0

# The stages in which variants are written.
WRITES = ("put", "delete")


class Dangerous(PixfleetError):
    """Work on this key has died before: it must be done when nothing else is under way."""

    def __init__(self, deaths: int) -> None:
        super().__init__(f"{deaths} attempts died over it")
        self.deaths = deaths


def reconcile(
    work: Work, fleet: Fleet, deadline: Deadline, story: Story, *, is_alone: bool = False
) -> Outcome:
    """Return what became of one key; raise a `Failure` where nothing good did.

    `Dangerous` if the key has to wait until this worker does nothing else.
    """
    deadline.require(LEAST_SECONDS, "claim")
    entry = fleet.ledger.read(work.key)
    if outcome := _settled_before(entry, work, fleet, deadline, story):
        return outcome
    fleet.ledger.refuse_held(entry)
    if entry.deaths + entry.crashes and not is_alone:
        raise Dangerous(entry.deaths + entry.crashes)
    # Again: the process may have stood still meanwhile, and its message be done by another.
    deadline.require(LEAST_SECONDS, "claim")
    claim = fleet.ledger.claim(
        work.key,
        lease_seconds=deadline.remaining_seconds() + CLOCK_SKEW_SECONDS,
        # Metadata may choose any recipe.
        may_store=fleet.recipes.object_names(),
        messages=work.message_ids,
    )
    try:
        outcome = _under_claim(claim, work, fleet, deadline, story)
    except Failure as failure:
        if not failure.is_permanent:
            _let_go(claim, failure, fleet, work)
        raise
    return _or_told_again(outcome, claim.entry, story)


def _settled_before(
    entry: Entry, work: Work, fleet: Fleet, deadline: Deadline, story: Story
) -> Outcome | None:
    """Return how the key ended, if ledger and source agree on it and nobody is at work there.

    Most duplicates end here, without a claim. For the messages that led to a rejection its failure
    is raised once more: their worker may have died before it made a dead letter of them.
    """
    if is_ignored(work.key, entry, fleet.recipes):
        if entry.status == REMOVED:
            story.remember(entry)
        return Outcome.IGNORED
    if entry.is_unfinished or not entry.status:
        return None
    source, wanted = _look(work.key, fleet, deadline, story)
    state = _assess(work.key, entry, source, wanted, fleet)
    if state.kind is StateKind.ABSENT:
        story.remember(entry)
        return Outcome.ABSENT
    outcome = _settled(state, entry, work, story)
    return outcome and _or_told_again(outcome, entry, story)


def _or_told_again(outcome: Outcome, entry: Entry, story: Story) -> Outcome:
    """Return the outcome, but raise the failure of a rejection that these messages led to."""
    if outcome is Outcome.REJECTED and story.change:
        raise rejection(entry.cause, entry.detail, stage=entry.stage)
    return outcome


def _under_claim(
    claim: Claim, work: Work, fleet: Fleet, deadline: Deadline, story: Story
) -> Outcome:
    """Publish or remove; what can only fail again is rejected under the same claim."""
    try:
        # Read after the claim: a change that this misses has its own event still to come.
        deadline.require(CALL_SECONDS, "head")
        source, wanted = _look(claim.key, fleet, deadline, story)
        if source is None or fleet.recipes.matching(claim.key) is None:
            return remove(claim, fleet, deadline, story)
        state = _assess(claim.key, claim.entry, source, wanted, fleet)
        if outcome := _settled(state, claim.entry, work, story):
            fleet.ledger.withdraw(claim)
            return outcome
        if wanted is None:
            raise unknown_recipe(source, fleet.recipes)
        Arrival(source, wanted.recipe, wanted.mark, claim, fleet, deadline, story).run()
    except Failure as failure:
        if isinstance(failure, Suspect) and _crashed_before(claim.entry, story):
            failure.condemn()
        if failure.is_permanent:
            _reject(claim, failure, fleet, deadline, story)
        raise
    return Outcome.MADE


def _look(
    key: str, fleet: Fleet, deadline: Deadline, story: Story
) -> tuple[Source | None, Resolved | None]:
    """Return the source as it is now, and the recipe it is to be made by; none for neither."""
    source = story.source = fleet.objects.head(key)
    recipe = recipe_for(source, fleet.recipes) if source else None
    wanted = fleet.marks.resolve(recipe, deadline) if recipe else None
    story.recipe = wanted.recipe if wanted else None
    return source, wanted


def _assess(
    key: str, entry: Entry, source: Source | None, wanted: Resolved | None, fleet: Fleet
) -> State:
    """Return the state of a source; `wanted` is its recipe with the watermark as it is now."""

    def fingerprint_of(_: Recipe) -> str:
        return wanted.recipe.fingerprint if wanted else ""

    return assess(key, entry, source, CurrentRecipes(fleet.recipes, fingerprint_of))


def _settled(state: State, entry: Entry, work: Work, story: Story) -> Outcome | None:
    """Return the outcome of a source that needs no work; None if it needs some."""
    if state.kind is StateKind.CURRENT:
        story.remember(entry)
        return Outcome.CURRENT
    # A message asks once for a second try: what it was told already it is told again.
    is_asked = work.asks_again and entry.told_by.isdisjoint(work.message_ids)
    if state.kind is StateKind.REJECTED and not is_asked:
        story.remember(entry)
        return Outcome.REJECTED
    return None


def _crashed_before(entry: Entry, story: Story) -> bool:
    """Return whether a render child died over this source before, or the source was rejected.

    Otherwise every message that asks again would begin to count anew, and the last of them would
    leave a claim behind that never came to its end.
    """
    source, fingerprint = story.source, story.recipe.fingerprint if story.recipe else ""
    is_rejected = (
        source is not None
        and entry.status == REJECTED
        and changed_since(entry, source, fingerprint) is None
    )
    return bool(entry.crashes) or is_rejected


def _reject(
    claim: Claim, failure: Failure, fleet: Fleet, deadline: Deadline, story: Story
) -> None:
    """Take down what was stored for the key, since it is not what is there now, and say why."""
    clear(claim, fleet, deadline)
    deadline.require(CALL_SECONDS, "ledger")
    story.changed_at = fleet.ledger.reject(claim, failure, _facts(story))
    story.change = Change.REJECTED


def _facts(story: Story) -> Mapping[str, Value]:
    """Return what a rejected source is known by; it is tried again once any of it has changed."""
    facts: dict[str, Value] = {"change": Change.REJECTED.value, "engine": ENGINE_VERSION}
    if story.recipe:
        facts |= {"recipe": story.recipe.name, "fingerprint": story.recipe.fingerprint}
    if story.source:
        facts |= {
            "etag": story.source.etag,
            "identity": story.source.identity,
            "last_modified": story.source.last_modified,
            "source_bytes": story.source.size_bytes,
        }
    return facts


def _let_go(claim: Claim, failure: Failure, fleet: Fleet, work: Work) -> None:
    """End the claim, so that the next try need not wait for its lease."""
    # A write whose answer was lost may still take effect, within the time that a call may take.
    # Whatever its last attempt was told: an earlier one may have been the write in doubt.
    in_doubt = isinstance(failure, Outside | Unknown) and failure.stage in WRITES
    # If this fails the lease runs out by itself; why the image failed matters more.
    with suppress(Failure, ConditionRefused):
        try:
            if isinstance(failure, ClaimLost):
                raise failure
            fleet.ledger.release(
                claim,
                hold_seconds=CALL_SECONDS if in_doubt else 0.0,
                crashed=isinstance(failure, Suspect),
            )
        except ClaimLost:
            # Another has worked on the key meanwhile, and we may have written after it. Our own
            # message may be settled by now, so that nobody would look again.
            fleet.ledger.doubt(claim)
            look_again = backfill.write(fleet.objects.sources_bucket, [claim.key])
            fleet.queues.send(work.queue, look_again, {})
