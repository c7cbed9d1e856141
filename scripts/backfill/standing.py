"""How a source stands: what the ledger shows against what the recipes would give now."""

from dataclasses import dataclass, field
from enum import StrEnum
from json import loads

from scripts.backfill.selection import Listed
from shared.clock import SystemClock
from shared.cloud.entries import REJECTED, Entry
from shared.cloud.objects import Objects
from shared.deadline import Deadline
from shared.model.errors import Misconfigured
from shared.model.manifest import ENGINE_VERSION
from shared.model.recipe import Recipe, RecipeBook
from shared.model.recipe_reader import read_recipes
from worker.marks import Marks

# Time for the watermark of one recipe, which is read once.
MARK_SECONDS = 120.0


class Standing(StrEnum):
    """What a worker would find."""

    MISSING = "missing"
    STALE = "stale"
    CURRENT = "current"
    REJECTED = "rejected"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Judge:
    """Says how a source stands, by the rule of `worker.reconcile`; asks S3 where a list is vague.

    Recipes and watermarks are those of the beginning; whoever changes them starts another run.
    """

    book: RecipeBook
    objects: Objects
    _fingerprints: dict[str, str] = field(default_factory=dict)

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
        return self._compared(entry, listed.etag, self.book.matching(listed.key))

    def standing_now(self, key: str, entry: Entry) -> Standing:
        """Return how a source stands, by a look at it."""
        source = self.objects.head(key)
        if source is None:
            return Standing.GONE
        if not entry.was_public or entry.is_unfinished:
            return Standing.MISSING
        matching, asked = self.book.matching(key), source.overrides.recipe
        recipe = self.book.named(asked) if matching and asked else matching
        return self._compared(entry, source.identity, recipe)

    def _compared(self, entry: Entry, identity: str, recipe: Recipe | None) -> Standing:
        shown = (entry.identity, entry.fingerprint, entry.engine)
        wanted = (identity, self._fingerprint(recipe), ENGINE_VERSION) if recipe else None
        return Standing.CURRENT if shown == wanted else Standing.STALE

    def _fingerprint(self, recipe: Recipe) -> str:
        if recipe.name not in self._fingerprints:
            until = Deadline.after(MARK_SECONDS, SystemClock())
            resolved = Marks(self.objects).resolve(recipe, until)
            self._fingerprints[recipe.name] = resolved.recipe.fingerprint
        return self._fingerprints[recipe.name]


def read_book(objects: Objects, place: str) -> RecipeBook:
    """Return the recipes that the stack's workers read, from `s3://bucket/key`."""
    bucket, _, key = place.removeprefix("s3://").partition("/")
    try:
        document = loads(objects.read_recipes(bucket, key))
    except ValueError as wrong:
        raise Misconfigured(f"{place} cannot be used", [f"expected JSON: {wrong}"]) from wrong
    return read_recipes(document, where=place)
