"""What another file of recipes changes: for one key, and from recipe to recipe."""

from dataclasses import dataclass, fields
from enum import StrEnum

from shared.model.recipe import Recipe, RecipeSet

# Which keys a recipe is for decides nothing about what it makes.
NOT_MADE = {"name", "match"}


class Kind(StrEnum):
    """What becomes of one source when the recipes change."""

    CHANGED = "changed"
    NEW = "new"
    SAME = "same"
    ENDS = "ends"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Pair:
    """The recipe that a source has now, and the one that it would get."""

    old: Recipe | None
    new: Recipe | None

    @property
    def kind(self) -> Kind:
        """Return what becomes of the source."""
        if self.new is None:
            return Kind.NONE if self.old is None else Kind.ENDS
        if self.old is None:
            return Kind.NEW
        same = self.old.fingerprint == self.new.fingerprint
        return Kind.SAME if same else Kind.CHANGED

    @property
    def is_made(self) -> bool:
        """Say whether the source would have to be made."""
        return self.kind in {Kind.CHANGED, Kind.NEW}


@dataclass(frozen=True, slots=True)
class RecipeChange:
    """What became of one recipe, in words."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class RecipeSetChange:
    """The recipes of now, and those that may come."""

    old: RecipeSet
    new: RecipeSet

    def pair(self, key: str, asked: str | None = None) -> Pair:
        """Return what a key has and gets; `asked` is what its metadata says."""
        return Pair(_chosen(self.old, key, asked), _chosen(self.new, key, asked))

    def changes(self) -> tuple[RecipeChange, ...]:
        """Return what became of each recipe, the new ones in their order and then those gone."""
        told = [RecipeChange(each.name, self._told(each)) for each in self.new.recipes]
        gone = [each.name for each in self.old.recipes if self.new.named(each.name) is None]
        return (*told, *(RecipeChange(name, "removed") for name in gone))

    def make_the_same(self) -> bool:
        """Say whether no source whatever could get anything else."""
        return [(each.name, each.match, each.fingerprint) for each in self.old.recipes] == [
            (each.name, each.match, each.fingerprint) for each in self.new.recipes
        ]

    def _told(self, new: Recipe) -> str:
        old = self.old.named(new.name)
        if old is None:
            return "added"
        names = [each.name for each in fields(Recipe) if each.name not in NOT_MADE]
        told = [name for name in names if getattr(old, name) != getattr(new, name)]
        if old.match != new.match:
            told.append("match")
        return f"changed: {', '.join(told)}" if told else "as it was"


def _chosen(recipe_set: RecipeSet, key: str, asked: str | None) -> Recipe | None:
    matching = recipe_set.matching(key)
    return recipe_set.named(asked) if matching and asked else matching
