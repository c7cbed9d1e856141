"""Finds out which source and recipe a request is about, with one HEAD at most."""

from dataclasses import dataclass

from shared.cloud.watermarks import Resolved
from shared.model.entry import Entry
from shared.model.errors import Cause, PixfleetError
from shared.model.source import Source
from shared.model.state import CurrentRecipes, StateKind, assess, recipe_for
from worker.renderer.context import RendererContext
from worker.renderer.request_log import Answered
from worker.renderer.response import Response, missing


class Ended(PixfleetError):
    """There is nothing to look for or to make: the response is known."""

    def __init__(self, response: Response, answered: Answered) -> None:
        super().__init__(f"{response.status}: {answered}")
        self.response = response
        self.answered = answered


@dataclass(frozen=True, slots=True)
class Observed:
    """A source, and the recipe with its watermark that it is rendered by."""

    source: Source
    resolved: Resolved


def is_finished(entry: Entry) -> bool:
    """Return whether the entry says all that is stored, except what renderers add."""
    return entry.is_published and not entry.is_unfinished


def observe(key: str, entry: Entry, context: RendererContext) -> Observed | None:
    """Return the source of an entry that does not say what is stored; None of one that does.

    Raises `Ended` if there is no source, or if the entry rejects exactly this source.
    """
    if is_finished(entry):
        return None
    observed = observe_source(key, None, context)
    fingerprint = observed.resolved.recipe.fingerprint
    recipes = CurrentRecipes(context.recipes, lambda _: fingerprint)
    state = assess(key, entry, observed.source, recipes)
    if state.kind is StateKind.REJECTED:
        raise Ended(missing(entry.cause), Answered.REJECTED)
    return observed


def observe_source(key: str, entry: Entry | None, context: RendererContext) -> Observed:
    """Return a source and its recipe; `Ended` if there is none.

    Without a HEAD if an entry is given that says all of its source.
    """
    source = _from_entry(key, entry) or context.objects.find(key)
    if source is None:
        raise Ended(missing(), Answered.MISSING)
    recipe = recipe_for(source, context.recipes)
    if recipe is None:
        raise Ended(missing(Cause.UNKNOWN_RECIPE), Answered.REJECTED)
    return Observed(source, context.watermarks.resolve(recipe, context.objects))


def _from_entry(key: str, entry: Entry | None) -> Source | None:
    """Return the source that an entry was made from; None if its metadata asked for something."""
    if entry is None or entry.identity != entry.etag:
        return None
    return Source(key, entry.etag, entry.source_bytes, last_modified=entry.last_modified)
