"""How a source stands: what the ledger shows against what the recipes would give now."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from scripts.pixfleet.backfill.selection import Listed
from shared.cloud.objects import Objects
from shared.model.entry import REJECTED, Entry
from shared.model.recipe import Recipe, RecipeSet
from shared.model.state import recipe_for, shows
from shared.model.versions import ENGINE_VERSION


class Standing(StrEnum):
    """What a worker would find."""

    MISSING = "missing"
    STALE = "stale"
    CURRENT = "current"
    REJECTED = "rejected"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Judge:
    """Says how a source stands by the rule of `shared.model.state`; asks S3 where a list is vague.

    Recipes and watermarks are those of the beginning; whoever changes them starts another run.
    """

    recipe_set: RecipeSet
    objects: Objects
    fingerprint_of: Callable[[Recipe], str]

    def standing(self, listed: Listed, entry: Entry) -> Standing:
        """Return how a source stands of which a list and the ledger tell."""
        if entry.status == REJECTED:
            return Standing.REJECTED
        if not entry.was_public:
            return Standing.MISSING
        if entry.is_unfinished or entry.engine != ENGINE_VERSION:
            return Standing.STALE
        told = (listed.etag, listed.last_modified)
        # A list tells no metadata: what it asks for is known only of the object that was seen.
        if told != (entry.etag, entry.last_modified) or entry.identity != entry.etag:
            return self.standing_now(listed.key, entry)
        return self._compared(entry, listed.etag, self.recipe_set.matching(listed.key))

    def standing_now(self, key: str, entry: Entry) -> Standing:
        """Return how a source stands, by a look at it."""
        source = self.objects.head(key)
        if source is None:
            return Standing.GONE
        if not entry.was_public or entry.is_unfinished:
            return Standing.MISSING
        return self._compared(entry, source.identity, recipe_for(source, self.recipe_set))

    def _compared(self, entry: Entry, identity: str, recipe: Recipe | None) -> Standing:
        if recipe and shows(entry, identity, self.fingerprint_of(recipe)):
            return Standing.CURRENT
        return Standing.STALE
