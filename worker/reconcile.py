"""Makes the stored variants of one key agree with its source as it is now, one writer per key.

An event is only a hint that a key may have changed. Whatever it said, the worker claims the key,
looks at what is there, and makes it so.
"""

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.ledger import Claim, Entry
from shared.deadline import Deadline
from shared.model.errors import (
    Failure,
    Permanent,
    StorageUnavailable,
    Suspect,
    Throttled,
    Transient,
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

# Enough to claim, fetch and begin to render; with less, a claim would only be in the way.
LEAST_SECONDS = LEAST_RENDER_SECONDS + CALL_SECONDS + 10
# Workers' clocks may differ by this much, and no claim outlives its worker's deadline by more.
CLOCK_SKEW_SECONDS = 15.0


def reconcile(
    key: str, fleet: Fleet, deadline: Deadline, story: Story, *, receives: int
) -> Outcome:
    """Return what became of one key; raise a `Failure` where nothing good did.

    `receives` is how often the queue has handed the key out, this time counted.
    """
    deadline.require(LEAST_SECONDS, "claim")
    entry = fleet.ledger.read(key)
    if fleet.recipes.matching(key) is None and not entry.stored:
        return Outcome.IGNORED
    if _is_done_already(entry, key, fleet, deadline):
        return Outcome.CURRENT
    claim = fleet.ledger.claim(
        key,
        lease_seconds=deadline.remaining_seconds() + CLOCK_SKEW_SECONDS,
        may_store=_every_name(fleet.recipes),
    )
    try:
        return _under_claim(claim, fleet, deadline, story)
    except Permanent as failure:
        _reject(claim, failure, fleet, deadline, story)
        raise
    except (StorageUnavailable, Throttled):
        # A write whose answer was lost may still take effect, so the lease is left to run out.
        raise
    except Transient as failure:
        if isinstance(failure, Suspect) and receives >= failure.most_receives:
            _reject(claim, failure, fleet, deadline, story)
        else:
            fleet.ledger.release(claim)
        raise


def _under_claim(claim: Claim, fleet: Fleet, deadline: Deadline, story: Story) -> Outcome:
    # Read after the claim: a change that this misses has its own event still to come.
    deadline.require(CALL_SECONDS, "head")
    source = fleet.objects.head(claim.key)
    if source is None:
        return remove(claim, fleet, deadline)
    story.source = source
    recipe = _recipe_for(source, fleet.recipes)
    if recipe is None and not source.overrides.recipe:
        # Published once, and no recipe is for it any more.
        return remove(claim, fleet, deadline)
    if recipe is None:
        known = ", ".join(each.name for each in fleet.recipes.recipes)
        raise UnknownRecipe(
            f"Expected one of {known}, got {source.overrides.recipe!r}.", stage="recipe"
        )
    wanted = fleet.marks.resolve(recipe, deadline)
    if _agrees(claim.entry, source, wanted.recipe):
        fleet.ledger.withdraw(claim)
        return Outcome.CURRENT
    Arrival(source, wanted.recipe, wanted.mark, claim, fleet, deadline, story).run()
    return Outcome.MADE


def _is_done_already(entry: Entry, key: str, fleet: Fleet, deadline: Deadline) -> bool:
    """Say whether ledger and source agree: most duplicates end here, without a claim."""
    if not entry.was_public or entry.is_unfinished:
        return False
    source = fleet.objects.head(key)
    recipe = _recipe_for(source, fleet.recipes) if source else None
    if source is None or recipe is None:
        return False
    return _agrees(entry, source, fleet.marks.resolve(recipe, deadline).recipe)


def _recipe_for(source: Source, recipes: RecipeBook) -> Recipe | None:
    """Return the recipe that the source's metadata asks for, or else the one its key matches."""
    asked = source.overrides.recipe
    return recipes.named(asked) if asked else recipes.matching(source.key)


def _agrees(entry: Entry, source: Source, recipe: Recipe) -> bool:
    """Say whether what is stored was made from this source, by this recipe, to its end."""
    if not entry.was_public or entry.is_unfinished:
        return False
    shown = (entry.identity, entry.fingerprint, entry.engine)
    return shown == (source.identity, recipe.fingerprint, ENGINE_VERSION)


def _reject(
    claim: Claim, failure: Failure, fleet: Fleet, deadline: Deadline, story: Story
) -> None:
    """Take down what was stored for the key, since it is not what is there now, and say why."""
    if not isinstance(failure, UnsupportedKey):  # under such a key nothing was ever stored
        clear(claim, fleet, deadline)
    deadline.require(CALL_SECONDS, "ledger")
    facts: dict[str, str | int] = {"engine": ENGINE_VERSION}
    if story.source:
        facts |= {
            "etag": story.source.etag,
            "identity": story.source.identity,
            "size_bytes": story.source.size_bytes,
        }
    fleet.ledger.reject(claim, failure, facts)


def _every_name(recipes: RecipeBook) -> tuple[str, ...]:
    """Return every object name that some recipe stores: metadata may choose any of them."""
    names = (name for recipe in recipes.recipes for name in recipe.stored_names())
    return tuple(sorted({f"{variant}.{slot}" for variant, slot in names}))
