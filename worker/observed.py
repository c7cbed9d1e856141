"""The source of a key and its recipe, as they are now."""

from dataclasses import dataclass

from shared.cloud.watermarks import Resolved
from shared.model.entry import Entry
from shared.model.recipe import Recipe
from shared.model.source import Source
from shared.model.state import CurrentRecipes, State, assess, recipe_for
from worker.context import WorkerContext
from worker.record_log import RecordLog


@dataclass(frozen=True, slots=True)
class Observed:
    """The source of a key and its recipe as they are now; None for what does not exist."""

    source: Source | None = None
    resolved: Resolved | None = None

    @property
    def recipe(self) -> Recipe | None:
        """Return the recipe with its watermark as it is now."""
        return self.resolved.recipe if self.resolved else None

    @property
    def fingerprint(self) -> str:
        """Return the recipe's fingerprint; empty without a recipe."""
        return self.recipe.fingerprint if self.recipe else ""


def observe(key: str, context: WorkerContext, record_log: RecordLog) -> Observed:
    """Return the source as it is now, and the recipe to render it by."""
    source = record_log.source = context.objects.head(key)
    record_log.recipe = None
    recipe = recipe_for(source, context.recipes) if source else None
    resolved = context.watermarks.resolve(recipe, context.objects) if recipe else None
    observed = Observed(source, resolved)
    record_log.recipe = observed.recipe
    return observed


def assess_observed(key: str, entry: Entry, observed: Observed, context: WorkerContext) -> State:
    """Return the state of a source, by its recipe with the watermark as it is now."""
    recipes = CurrentRecipes(
        context.recipes, lambda _: observed.fingerprint, on_demand=context.settings.on_demand
    )
    return assess(key, entry, observed.source, recipes)
