"""Makes the stored variants of one key agree with its source as it is now, one writer per key.

An event is only a hint that a key may have changed. Whatever it said, the worker claims the key,
looks at what is there, and makes it so.
"""

from collections.abc import Mapping
from contextlib import suppress

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.entries import REJECTED, REMOVED, Entry
from shared.cloud.faults import ConditionRefused
from shared.cloud.items import Value
from shared.cloud.ledger import Claim
from shared.deadline import Deadline
from shared.model.completion import Change
from shared.model.errors import (
    ClaimLost,
    Failure,
    Outside,
    PixfleetError,
    Suspect,
    Unknown,
    UnknownRecipe,
    UnsupportedKey,
)
from shared.model.manifest import ENGINE_VERSION
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe, RecipeBook
from shared.model.source import Source
from worker.arrival import LEAST_RENDER_SECONDS, Arrival
from worker.fleet import Fleet
from worker.removal import clear, remove
from worker.story import Story
from worker.work import Work

# Enough to claim, fetch and begin to render; with less, a claim would only be in the way.
LEAST_SECONDS = LEAST_RENDER_SECONDS + CALL_SECONDS + 10
# Workers' clocks may differ by this much, and no claim outlives its worker's deadline by more.
CLOCK_SKEW_SECONDS = 15.0


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
    if fleet.recipes.matching(work.key) is None and not entry.stored:
        return Outcome.IGNORED
    if outcome := _settled_before(entry, work, fleet, deadline, story):
        return outcome
    if entry.deaths and not is_alone:
        raise Dangerous(entry.deaths)
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
        return _make_it_so(claim, fleet, deadline, story)
    except Failure as failure:
        if not failure.is_permanent:
            _let_go(claim, failure, fleet)
        raise


def _make_it_so(claim: Claim, fleet: Fleet, deadline: Deadline, story: Story) -> Outcome:
    """Publish or remove; what can only fail again is rejected under the same claim."""
    try:
        return _publish_or_remove(claim, fleet, deadline, story)
    except Failure as failure:
        if isinstance(failure, Suspect) and _crashed_before(claim.entry, story):
            failure.condemn()
        if failure.is_permanent:
            _reject(claim, failure, fleet, deadline, story)
        raise


def _crashed_before(entry: Entry, story: Story) -> bool:
    """Say whether a child's death over this source is not the first, an earlier rejection's too.

    Otherwise every message that asks again would begin to count anew, and the last of them would
    leave a claim behind that never came to its end.
    """
    source, recipe = story.source, story.recipe
    return bool(entry.deaths) or (source is not None and _refuses(entry, source, recipe))


def _publish_or_remove(claim: Claim, fleet: Fleet, deadline: Deadline, story: Story) -> Outcome:
    # Read after the claim: a change that this misses has its own event still to come.
    deadline.require(CALL_SECONDS, "head")
    source, story.recipe = fleet.objects.head(claim.key), None
    story.source = source
    if source is None:
        return remove(claim, fleet, deadline, story)
    recipe = _recipe_for(source, fleet.recipes)
    if fleet.recipes.matching(claim.key) is None:
        # Published once, and no recipe is for it any more.
        return remove(claim, fleet, deadline, story)
    if recipe is None:
        known = ", ".join(each.name for each in fleet.recipes.recipes)
        raise UnknownRecipe(
            f"Expected one of {known}, got {source.overrides.recipe!r}.", stage="recipe"
        )
    wanted = fleet.marks.resolve(recipe, deadline)
    story.recipe = wanted.recipe
    if _shows(claim.entry, source, wanted.recipe):
        fleet.ledger.withdraw(claim)
        return Outcome.CURRENT
    Arrival(source, wanted.recipe, wanted.mark, claim, fleet, deadline, story).run()
    return Outcome.MADE


def _settled_before(
    entry: Entry, work: Work, fleet: Fleet, deadline: Deadline, story: Story
) -> Outcome | None:
    """Return how the key ended, if ledger and source agree on it and nobody is at work there.

    Most duplicates end here, without a claim.
    """
    if entry.is_unfinished or not entry.status:
        return None
    source = fleet.objects.head(work.key)
    if source is None:
        if entry.status != REMOVED:
            return None
        story.remember(entry, Change.REMOVED)
        return Outcome.ABSENT
    story.source = source
    recipe = _recipe_for(source, fleet.recipes)
    if recipe is not None:
        story.recipe = recipe = fleet.marks.resolve(recipe, deadline).recipe
    if recipe is not None and _shows(entry, source, recipe):
        story.remember(entry, Change(entry.change))
        return Outcome.CURRENT
    if not work.insists_on(entry) and _refuses(entry, source, recipe):
        return Outcome.REJECTED
    return None


def _recipe_for(source: Source, recipes: RecipeBook) -> Recipe | None:
    """Return the recipe that the source's metadata asks for, or else the one its key matches.

    None for a key that no recipe matches, whatever its metadata: it is none of ours.
    """
    matching, asked = recipes.matching(source.key), source.overrides.recipe
    return recipes.named(asked) if matching and asked else matching


def _shows(entry: Entry, source: Source, recipe: Recipe) -> bool:
    """Say whether what is stored was made from this source, by this recipe, to its end."""
    if not entry.was_public or entry.is_unfinished:
        return False
    shown = (entry.identity, entry.fingerprint, entry.engine)
    return shown == (source.identity, recipe.fingerprint, ENGINE_VERSION)


def _refuses(entry: Entry, source: Source, recipe: Recipe | None) -> bool:
    """Say whether this very source was found unfit, for this recipe, and nothing has changed."""
    fingerprint = recipe.fingerprint if recipe else ""
    refused = (entry.identity, entry.last_modified, entry.fingerprint, entry.engine)
    offered = (source.identity, source.last_modified, fingerprint, ENGINE_VERSION)
    return entry.status == REJECTED and refused == offered


def _reject(
    claim: Claim, failure: Failure, fleet: Fleet, deadline: Deadline, story: Story
) -> None:
    """Take down what was stored for the key, since it is not what is there now, and say why."""
    if not isinstance(failure, UnsupportedKey):  # under such a key nothing was ever stored
        clear(claim, fleet, deadline)
    deadline.require(CALL_SECONDS, "ledger")
    story.changed_at = fleet.ledger.reject(claim, failure, _facts(story))
    story.change = Change.REJECTED


def _facts(story: Story) -> Mapping[str, Value]:
    """Return what a rejected source is known by; it is tried again once any of it has changed."""
    facts: dict[str, Value] = {"engine": ENGINE_VERSION}
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


def _let_go(claim: Claim, failure: Failure, fleet: Fleet) -> None:
    """End the claim, so that the next try need not wait for its lease."""
    # A write whose answer was lost may still take effect, within the time that a call may take.
    # Whatever its last attempt was told: an earlier one may have been the write in doubt.
    in_doubt = isinstance(failure, Outside | Unknown)
    # If this fails the lease runs out by itself; why the image failed matters more.
    with suppress(Failure, ConditionRefused):
        if isinstance(failure, ClaimLost):
            fleet.ledger.doubt(claim)
            return
        fleet.ledger.release(
            claim,
            hold_seconds=CALL_SECONDS if in_doubt else 0.0,
            suspect=isinstance(failure, Suspect),
        )
