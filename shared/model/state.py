"""Whether a source is current: its ledger entry compared with the source and the recipe of now.

Pure. The worker acts on the answer of `assess`; `verify`, `backfill --only`, `dlq status` and
`why` use the same answer to foresee what the worker will do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.errors import UnknownRecipe
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import ASKS_FOR_RECIPE, Listed, Source
from shared.model.versions import ENGINE_VERSION


class StateKind(StrEnum):
    """What a worker would do with a source; the first four mean that it would change nothing."""

    CURRENT = "current"  # published from this source, by this recipe and engine
    REJECTED = "rejected"  # rejected, and nothing has changed since
    IGNORED = "ignored"  # no recipe matches the key, and nothing is stored for it
    ABSENT = "absent"  # there is no source, and nothing is published or rejected
    MISSING = "missing"  # there is a source, and nothing is published or rejected
    STALE = "stale"  # what is published or rejected is of another source, recipe or engine
    ORPHANED = "orphaned"  # there is no source, but something is published or rejected
    NEEDS_HEAD = "needs HEAD"  # a listing is not enough

    @property
    def needs_work(self) -> bool:
        """Return whether a worker would change something."""
        return self not in _UNCHANGED


# The kinds of a key without a source.
GONE = (StateKind.ABSENT, StateKind.ORPHANED)
_UNCHANGED = (StateKind.CURRENT, StateKind.REJECTED, StateKind.IGNORED, StateKind.ABSENT)


class Reason(StrEnum):
    """Why a source is missing, stale or orphaned."""

    NEVER_MADE = "never made"
    UNFINISHED = "begun, never finished"
    SOURCE_GONE = "source gone"
    NO_RECIPE = "no recipe any more"
    SOURCE_REPLACED = "source replaced"
    DROPPED_AGAIN = "source dropped again"
    OVERRIDES_CHANGED = "overrides changed"
    RECIPE_CHANGED = "recipe changed"
    ENGINE_CHANGED = "engine changed"
    NOT_AT_UPLOAD = "eager variants not stored"


@dataclass(frozen=True, slots=True)
class State:
    """The state of one source; `reason` is None if the kind needs none."""

    kind: StateKind
    reason: Reason | None = None


ABSENT = State(StateKind.ABSENT)
ORPHANED = State(StateKind.ORPHANED, Reason.SOURCE_GONE)


@dataclass(frozen=True, slots=True)
class CurrentRecipes:
    """The deployed recipes.

    `fingerprint_of` returns the fingerprint of a recipe with its watermark as it is now, and may
    raise a `Failure` if there is no such watermark. `on_demand` says whether there is a renderer:
    without one all names have to be stored, whatever the recipes say.
    """

    recipe_set: RecipeSet
    fingerprint_of: Callable[[Recipe], str]
    on_demand: bool = False


def assess(key: str, entry: Entry, seen: Source | Listed | None, recipes: CurrentRecipes) -> State:
    """Return the state of a source, given its ledger entry and what S3 returned for its key.

    `seen` is the source as HEAD returned it, as a listing showed it, or None if there is none.
    `NEEDS_HEAD` is returned for a listed source only.
    """
    is_made = entry.status in (PUBLISHED, REJECTED)
    if is_ignored(key, entry, recipes.recipe_set):
        return State(StateKind.IGNORED)
    if seen is None:
        is_empty = not is_made and not entry.is_unfinished
        return ABSENT if is_empty else ORPHANED
    if recipes.recipe_set.matching(key) is None:
        # A rejection by a recipe that matched the key earlier stays until the source goes.
        stale = State(StateKind.STALE, Reason.NO_RECIPE)
        return stale if entry.stored else State(StateKind.IGNORED)
    if entry.is_unfinished or not is_made:
        kind = StateKind.STALE if is_made else StateKind.MISSING
        return State(kind, Reason.UNFINISHED if entry.is_unfinished else Reason.NEVER_MADE)
    if isinstance(seen, Listed):
        return _of_listed(key, entry, seen, recipes)
    return _of_source(entry, seen, recipes)


def is_ignored(key: str, entry: Entry, recipes: RecipeSet) -> bool:
    """Return whether a worker passes a key over, whatever its source is.

    Not if it was rejected: a rejection must not outlive its source.
    """
    has_nothing = not entry.stored and entry.status != REJECTED
    return has_nothing and recipes.matching(key) is None


def changed_since(entry: Entry, source: Source, fingerprint: str) -> Reason | None:
    """Return what has changed since an entry was published or rejected; None if nothing has.

    `fingerprint` is that of the source's recipe, empty if the source has no recipe.
    """
    if entry.etag != source.etag:
        return Reason.SOURCE_REPLACED
    # An operator who uploads a rejected file again wants it to be tried again.
    if entry.status == REJECTED and entry.last_modified != source.last_modified:
        return Reason.DROPPED_AGAIN
    if entry.identity != source.identity:
        return Reason.OVERRIDES_CHANGED
    return _made_otherwise(entry, fingerprint)


def recipe_for(source: Source, recipes: RecipeSet) -> Recipe | None:
    """Return the recipe that the source's metadata asks for, or else the one its key matches.

    None for a key that no recipe matches, whatever its metadata.
    """
    matching, asked = recipes.matching(source.key), source.overrides.recipe
    return recipes.named(asked) if matching and asked else matching


def unknown_recipe(source: Source, recipes: RecipeSet) -> UnknownRecipe:
    """Return the failure of a source whose metadata asks for a recipe that does not exist."""
    known = ", ".join(each.name for each in recipes.recipes)
    return UnknownRecipe(
        f"Expected one of {known}, got {source.overrides.recipe!r}.", stage="recipe"
    )


def _of_source(entry: Entry, source: Source, recipes: CurrentRecipes) -> State:
    recipe = recipe_for(source, recipes.recipe_set)
    fingerprint = recipes.fingerprint_of(recipe) if recipe else ""
    changed = changed_since(entry, source, fingerprint)
    return _state(entry, changed or _not_at_upload(entry, recipe, recipes))


def _of_listed(key: str, entry: Entry, listed: Listed, recipes: CurrentRecipes) -> State:
    """Return the state as far as a listing shows it.

    No listing shows metadata, but an object of the same ETag and Last-Modified is the object that
    the entry was made from, so its metadata is known too. The exception is a copy that changes
    the metadata alone within the same second.
    """
    is_same_write = (listed.etag, listed.last_modified) == (entry.etag, entry.last_modified)
    if listed.etag and listed.last_modified and not is_same_write:
        if listed.etag != entry.etag:
            return State(StateKind.STALE, Reason.SOURCE_REPLACED)
        if entry.status == REJECTED:
            return State(StateKind.STALE, Reason.DROPPED_AGAIN)
    asks_for_recipe = ASKS_FOR_RECIPE in entry.identity
    # The entry of an unknown recipe does not store which recipe the metadata asked for.
    if not is_same_write or (asks_for_recipe and not entry.recipe):
        if entry.engine != ENGINE_VERSION:
            return State(StateKind.STALE, Reason.ENGINE_CHANGED)
        return State(StateKind.NEEDS_HEAD)
    deployed = recipes.recipe_set
    recipe = deployed.named(entry.recipe) if asks_for_recipe else deployed.matching(key)
    made_otherwise = _made_otherwise(entry, recipes.fingerprint_of(recipe) if recipe else "")
    return _state(entry, made_otherwise or _not_at_upload(entry, recipe, recipes))


def _made_otherwise(entry: Entry, fingerprint: str) -> Reason | None:
    if entry.fingerprint != fingerprint:
        return Reason.RECIPE_CHANGED
    return Reason.ENGINE_CHANGED if entry.engine != ENGINE_VERSION else None


def _not_at_upload(entry: Entry, recipe: Recipe | None, recipes: CurrentRecipes) -> Reason | None:
    """Return the reason if a name is missing that has to be stored before anybody asks for it.

    Which names are lazy is in no fingerprint, so such an entry may agree in all else. What
    requests add to an entry changes nothing here.
    """
    if entry.status != PUBLISHED or recipe is None:
        return None
    is_lazy = recipes.on_demand and not entry.is_all_eager
    eager = (recipe if is_lazy else recipe.all_eager()).eager_names()
    there = entry.stored | entry.equal.keys() if recipes.on_demand else entry.stored
    missing = [name for name, slot in eager if f"{name}.{slot}" not in there]
    return Reason.NOT_AT_UPLOAD if missing else None


def _state(entry: Entry, reason: Reason | None) -> State:
    if reason:
        return State(StateKind.STALE, reason)
    return State(StateKind.REJECTED if entry.status == REJECTED else StateKind.CURRENT)
