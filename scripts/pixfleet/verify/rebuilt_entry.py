"""Composes the ledger entry of a published source from its manifest and a list of its objects.

Pure. What it cannot prove to be the present version of the source is not composed: a repair has it
made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.cloud.entries import by_stored_name
from shared.cloud.items import Value
from shared.model.codec import Codec
from shared.model.completion import Change
from shared.model.errors import PixfleetError
from shared.model.focal import read_focal
from shared.model.keys import MANIFEST_NAME
from shared.model.manifest import Manifest, ManifestVariant, SourceFacts, version_made_by
from shared.model.planned_files import PlannedFile, plan_files
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import Reduction
from shared.model.slot_codecs import is_shared
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION


class RebuildOutcome(StrEnum):
    """What became of a key whose entry was to be rebuilt; only the first has one now."""

    REBUILT = "rebuilt"
    ENTRY_APPEARED = "entry appeared"  # a worker was faster: it knows more
    NO_SOURCE = "no source"
    NO_RECIPE = "no recipe"
    NO_MANIFEST = "no manifest"
    SOURCE_REPLACED = "source replaced"  # the manifest is of another source
    OTHER_VERSION = "other version"  # of another recipe or engine, or other overrides
    OBJECTS_MISSING = "objects missing"
    OBJECTS_DIFFER = "objects differ"  # an object is not the one that the manifest describes


class NotRebuilt(PixfleetError):
    """No entry can be composed for a key; `outcome` is why."""

    def __init__(self, outcome: RebuildOutcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a key as S3 lists it."""

    size_bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class StoredSet:
    """What is stored for a key: the manifest, the ETag of its source, and all objects by name."""

    manifest: Manifest
    source_etag: str
    objects: Mapping[str, StoredObject]

    @property
    def made(self) -> Mapping[str, ManifestVariant]:
        """Return the variants that were stored at upload, by name."""
        return {each.label: each for each in self.manifest.variants if not each.is_lazy}

    @property
    def stored_later(self) -> frozenset[str]:
        """Return the variants that were stored after the manifest: another version's, perhaps.

        The manifest is the last object that a worker stores of a version.
        """
        published = self.objects[MANIFEST_NAME].modified
        return frozenset(name for name in self.made if self.objects[name].modified > published)


def require_version(stored: StoredSet, source: Source, fingerprint: str) -> None:
    """Raise `NotRebuilt` unless all objects are there, of this source, recipe and engine.

    The version is a hash of the source's ETag and overrides, the recipe's fingerprint and the
    engine, so one comparison shows that none of them has changed.
    """
    if stored.source_etag != source.etag:
        raise NotRebuilt(RebuildOutcome.SOURCE_REPLACED)
    if stored.manifest.version != version_made_by(source, fingerprint):
        raise NotRebuilt(RebuildOutcome.OTHER_VERSION)
    if stored.made.keys() - stored.objects.keys():
        raise NotRebuilt(RebuildOutcome.OBJECTS_MISSING)
    if any(each.bytes != stored.objects[name].size_bytes for name, each in stored.made.items()):
        raise NotRebuilt(RebuildOutcome.OBJECTS_DIFFER)


def entry_fields(
    stored: StoredSet, source: Source, recipe: Recipe, fingerprint: str, *, on_demand: bool
) -> Mapping[str, Value]:
    """Return the fields of a published entry, those of `worker/arrival.py` without the timings.

    `fingerprint` is that of the recipe with its watermark. The lazy objects are those that are
    stored and known to the recipe, of whatever version: an audit compares it.
    """
    equal = _equal_names(stored, source, recipe) if on_demand else {}
    known = {f"{variant}.{slot}" for variant, slot in recipe.stored_names()}
    lazy_names = {f"{variant}.{slot}" for variant, slot in recipe.lazy_names()}
    facts: dict[str, Value] = {
        "change": Change.COMPLETE.value,
        "etag": source.etag,
        "identity": source.identity,
        "last_modified": source.last_modified,
        "source_bytes": source.size_bytes,
        "recipe": recipe.name,
        "fingerprint": fingerprint,
        "engine": ENGINE_VERSION,
        "version": stored.manifest.version,
        "variants": sorted(stored.made),
        "variant_bytes": sum(each.bytes or 0 for each in stored.made.values()),
    }
    if equal:
        facts["equal"] = by_stored_name(equal)
    if on_demand and lazy_names & stored.made.keys():
        facts["is_all_eager"] = True
    if lazy := (known & stored.objects.keys()) - stored.made.keys():
        facts["lazy"] = frozenset(lazy)
    return facts


def _equal_names(stored: StoredSet, source: Source, recipe: Recipe) -> Mapping[str, str]:
    """Return the names that are copies of stored ones: name to stored name.

    The manifest lists one name for each distinct file. Which others share it follows from the
    recipe and the source's size, as for the worker.
    """
    equal: dict[str, str] = {}
    avif: dict[int, ManifestVariant] = {}
    for file in _planned(stored.manifest, source, recipe):
        names = [f"{variant}.{file.slot}" for variant in file.variants]
        there = [name for name in names if name in stored.made]
        if there:
            first = stored.made[there[0]]
            equal |= {name: there[0] for name in names if name not in there}
            if file.slot is Slot.AVIF:
                avif[file.rendition] = first
        elif (copied := avif.get(file.rendition)) and is_shared(_codec(copied), file.slot):
            equal |= dict.fromkeys(names, copied.label)
    return equal


def _planned(manifest: Manifest, source: Source, recipe: Recipe) -> tuple[PlannedFile, ...]:
    """Return the files of a source; avif before the slots that may be copies of its file."""
    facts = SourceFacts(
        manifest.source.format,
        manifest.source.width,
        manifest.source.height,
        manifest.source.frames,
        manifest.source.has_alpha,
    )
    focal = read_focal(source.overrides.focal)
    planned = plan_files(recipe, facts, Reduction(manifest.still), focal)
    return tuple(sorted(planned, key=lambda file: (file.rendition, file.slot is not Slot.AVIF)))


def _codec(variant: ManifestVariant) -> Codec | None:
    return next((codec for codec in Codec if codec.content_type == variant.type), None)
