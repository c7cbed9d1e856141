"""What a new set of recipes changes: for one key, and recipe by recipe."""

from dataclasses import dataclass, fields
from enum import StrEnum

from shared.model.recipe import Recipe, RecipeSet

# These fields choose the keys of a recipe; they do not affect what it makes.
FIELDS_WITHOUT_EFFECT = {"name", "match"}


class Effect(StrEnum):
    """What happens to one source when the recipes change.

    CHANGED: its recipe makes other variants. NEW: only the new recipes match it. SAME: it gets the
    same variants. ENDS: only the current recipes match it. NONE: no recipe matches it.
    """

    CHANGED = "changed"
    NEW = "new"
    SAME = "same"
    ENDS = "ends"
    NONE = "none"


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
        same = self.old.fingerprint == self.new.fingerprint
        return Effect.SAME if same else Effect.CHANGED

    @property
    def needs_render(self) -> bool:
        """Return whether the source would be rendered again or for the first time."""
        return self.effect in {Effect.CHANGED, Effect.NEW}


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
        """Return whether every possible source would get the same variants as now."""
        return [(each.name, each.match, each.fingerprint) for each in self.old.recipes] == [
            (each.name, each.match, each.fingerprint) for each in self.new.recipes
        ]

    def _summary(self, new: Recipe) -> str:
        old = self.old.named(new.name)
        if old is None:
            return "added"
        names = [each.name for each in fields(Recipe) if each.name not in FIELDS_WITHOUT_EFFECT]
        changed = [name for name in names if getattr(old, name) != getattr(new, name)]
        if old.match != new.match:
            changed.append("match")
        return f"changed: {', '.join(changed)}" if changed else "as it was"


def _chosen(recipe_set: RecipeSet, key: str, override: str | None) -> Recipe | None:
    matching = recipe_set.matching(key)
    return recipe_set.named(override) if matching and override else matching
