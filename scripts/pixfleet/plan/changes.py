"""What a new set of recipes changes: for one key, and recipe by recipe."""

from dataclasses import dataclass, fields
from enum import StrEnum

from shared.model.recipe import Recipe, RecipeSet

# Compared apart from the other fields of a recipe, or its key in the list of them.
NAME_AND_MATCH = {"name", "match"}
# Fields whose name in recipes.yaml is another one.
YAML_NAMES = {"caps": "animation", "purges_replaced": "purge"}


class Effect(StrEnum):
    """What happens to one source when the recipes change.

    CHANGED: its recipe makes other variants, or makes lazy ones at upload. NEW: only the new
    recipes match it. LAZIER: it keeps its variants, and more of them would be lazy if it were new.
    SAME: it gets the same variants. ENDS: only the current recipes match it. NONE: no recipe
    matches it.
    """

    CHANGED = "changed"
    NEW = "new"
    LAZIER = "lazier"
    SAME = "same"
    ENDS = "ends"
    NONE = "none"


# The source is rendered again, or for the first time.
RENDERED = frozenset({Effect.CHANGED, Effect.NEW})
# Both recipes are tried on the source.
TRIED = RENDERED | {Effect.LAZIER}


@dataclass(frozen=True, slots=True)
class RecipePair:
    """The current and the new recipe of one source; None where no recipe matches."""

    old: Recipe | None
    new: Recipe | None

    @property
    def effect(self) -> Effect:
        """Return what happens to the source."""
        if self.new is None:
            return Effect.NONE if self.old is None else Effect.ENDS
        if self.old is None:
            return Effect.NEW
        old, new = {*self.old.eager_names()}, {*self.new.eager_names()}
        # A source without one of the eager names is stale.
        if self.old.fingerprint != self.new.fingerprint or new - old:
            return Effect.CHANGED
        return Effect.LAZIER if old - new else Effect.SAME


@dataclass(frozen=True, slots=True)
class RecipeChange:
    """One recipe's name, and its change in words."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class RecipeSetChange:
    """The current recipes and the new ones."""

    old: RecipeSet
    new: RecipeSet

    def pair(self, key: str, override: str | None = None) -> RecipePair:
        """Return the recipes of a key; `override` is the recipe that its metadata names."""
        return RecipePair(_chosen(self.old, key, override), _chosen(self.new, key, override))

    def changes(self) -> tuple[RecipeChange, ...]:
        """Return each recipe's change: the new recipes in their order, then those removed."""
        kept = [RecipeChange(each.name, self._summary(each)) for each in self.new.recipes]
        gone = [each.name for each in self.old.recipes if self.new.named(each.name) is None]
        return (*kept, *(RecipeChange(name, "removed") for name in gone))

    def is_equivalent(self) -> bool:
        """Return whether every source would get the same variants as now, at the same time."""
        old, new = (
            [(each.name, each.match, each.fingerprint, each.lazy_names()) for each in all_.recipes]
            for all_ in (self.old, self.new)
        )
        return old == new

    def _summary(self, new: Recipe) -> str:
        old = self.old.named(new.name)
        if old is None:
            return "added"
        names = [each.name for each in fields(Recipe) if each.name not in NAME_AND_MATCH]
        before, after = old.all_eager(), new.all_eager()
        changed = [
            YAML_NAMES.get(name, name)
            for name in names
            if getattr(before, name) != getattr(after, name)
        ]
        if {*old.lazy_names()} != {*new.lazy_names()}:
            changed.append("lazy")
        if old.match != new.match:
            changed.append("match")
        return f"changed: {', '.join(changed)}" if changed else "as it was"


def _chosen(recipe_set: RecipeSet, key: str, override: str | None) -> Recipe | None:
    matching = recipe_set.matching(key)
    return recipe_set.named(override) if matching and override else matching
