"""Rebuilds ledger entries that were lost, from manifests and listings, without a render.

Three requests for each key: the manifest, then a HEAD of its source, then a listing of its
objects. An entry is written only if there is none, so a worker that begins meanwhile is never
disturbed, and a second run does what the first has not done.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from scripts.pixfleet.terminal.text import quoted
from scripts.pixfleet.verify.rebuilt_entry import (
    NotRebuilt,
    RebuildOutcome,
    StoredObject,
    StoredSet,
    entry_fields,
    require_version,
)
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_repairs import add_published
from shared.cloud.objects import Objects
from shared.cloud.stored_objects import SOURCE_ETAG
from shared.model.errors import Failure
from shared.model.keys import (
    MANIFEST_NAME,
    NotAVariantKey,
    manifest_key,
    parse_stored_key,
    stored_folder,
)
from shared.model.limits import MEBIBYTE
from shared.model.manifest import UnreadableManifest, read_manifest
from shared.model.recipe import Recipe
from shared.model.source import Source
from shared.model.state import CurrentRecipes, recipe_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

THREADS = 32
BATCH_KEYS = 1000
MAX_PROBLEMS = 10
# A manifest of the most variants, 64 in three slots with long keys, has about 300 KB.
MAX_MANIFEST_BYTES = MEBIBYTE


@dataclass(frozen=True, slots=True)
class RebuildContext:
    """What a rebuild needs; with `is_dry` it writes nothing."""

    s3: "S3Client"
    objects: Objects
    ledger: Ledger
    recipes: CurrentRecipes
    is_dry: bool = False


@dataclass(slots=True)
class Rebuild:
    """Rebuilds entries; counts keys by outcome, with an example of each.

    `problems` are the messages of the first keys that failed, and `failed` is their number.
    """

    context: RebuildContext
    outcomes: Counter[RebuildOutcome] = field(default_factory=Counter)
    examples: dict[RebuildOutcome, str] = field(default_factory=dict)
    failed: int = 0
    problems: list[str] = field(default_factory=list)

    def run(self, keys: Iterable[str]) -> Iterator[int]:
        """Rebuild batch by batch, and yield the number of keys in each."""
        coming = iter(keys)
        with ThreadPoolExecutor(THREADS) as pool:
            while batch := list(islice(coming, BATCH_KEYS)):
                for key, outcome in zip(batch, pool.map(self._attempt, batch), strict=True):
                    self._count(key, outcome)
                yield len(batch)

    def rebuild(self, key: str) -> RebuildOutcome:
        """Write the entry of one key if there is none and everything stored is current."""
        context = self.context
        try:
            stored, source = self._stored(key)
            recipe = self._recipe(source)
            fingerprint = context.recipes.fingerprint_of(recipe)
            require_version(stored, source, fingerprint)
            self._require_version_of(stored, key)
        except NotRebuilt as not_rebuilt:
            return not_rebuilt.outcome
        on_demand = context.recipes.on_demand
        fields = entry_fields(stored, source, recipe, fingerprint, on_demand=on_demand)
        published_at = stored.objects[MANIFEST_NAME].modified.timestamp()
        if context.is_dry or add_published(context.ledger, key, fields, at=published_at):
            return RebuildOutcome.REBUILT
        return RebuildOutcome.ENTRY_APPEARED

    def _attempt(self, key: str) -> RebuildOutcome | str:
        """Return the outcome for one key, or why there is none."""
        try:
            return self.rebuild(key)
        except Failure as failure:
            return f"{quoted(key)}: {failure}"

    def _count(self, key: str, outcome: RebuildOutcome | str) -> None:
        if isinstance(outcome, RebuildOutcome):
            self.outcomes[outcome] += 1
            self.examples.setdefault(outcome, key)
        else:
            self.failed += 1
            self.problems += [outcome][: MAX_PROBLEMS - len(self.problems)]

    def _recipe(self, source: Source) -> Recipe:
        recipe = recipe_for(source, self.context.recipes.recipe_set)
        if recipe is None:
            raise NotRebuilt(RebuildOutcome.NO_RECIPE)
        return recipe

    def _stored(self, key: str) -> tuple[StoredSet, Source]:
        """Return what is stored for a key, and its source as it is after the manifest was read."""
        objects = self.context.objects
        file = objects.read_variant(manifest_key(key), most_bytes=MAX_MANIFEST_BYTES)
        if file is None or file.data is None:
            raise NotRebuilt(RebuildOutcome.NO_MANIFEST)
        try:
            manifest = read_manifest(file.data)
        except UnreadableManifest as unreadable:
            raise NotRebuilt(RebuildOutcome.NO_MANIFEST) from unreadable
        source = objects.head(key)
        if source is None:
            raise NotRebuilt(RebuildOutcome.NO_SOURCE)
        listed = self._listed(key)
        if MANIFEST_NAME not in listed:
            raise NotRebuilt(RebuildOutcome.NO_MANIFEST)
        return StoredSet(manifest, file.metadata.get(SOURCE_ETAG, ""), listed), source

    def _require_version_of(self, stored: StoredSet, key: str) -> None:
        """Raise `NotRebuilt` if an object newer than the manifest is of another version."""
        for name in sorted(stored.stored_later):
            found = self.context.objects.stored_version(key, name)
            if found is None or found.version != stored.manifest.version:
                raise NotRebuilt(RebuildOutcome.OBJECTS_DIFFER)

    def _listed(self, key: str) -> Mapping[str, StoredObject]:
        """Return the objects of a key by name."""
        found: dict[str, StoredObject] = {}
        page = self._page(key, "")
        while contents := page.get("Contents", []):
            for each in contents:
                # Objects of longer keys, such as `cat.jpg/2.jpg`, are listed too.
                if (name := _name_of(key, each["Key"])) is not None:
                    found[name] = StoredObject(each["Size"], each["LastModified"])
            if not page.get("IsTruncated"):
                break
            page = self._page(key, contents[-1]["Key"])
        return found

    def _page(self, key: str, after: str) -> "ListObjectsV2OutputTypeDef":
        objects, s3 = self.context.objects, self.context.s3
        return objects.calls.attempt(
            lambda: s3.list_objects_v2(
                Bucket=objects.variants_bucket, Prefix=stored_folder(key), StartAfter=after
            ),
            stage="head",
        )


def _name_of(key: str, stored: str) -> str | None:
    """Return the name of an object of a source; None for an object of another source."""
    try:
        source_key, name = parse_stored_key(stored)
    except NotAVariantKey:
        return None
    return name if source_key == key else None
