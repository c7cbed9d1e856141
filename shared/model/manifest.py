"""The manifest: the JSON that a web page reads to show one source."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from shared.model.keys import public_url
from shared.model.recipe import Codec, Recipe, Slot
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """One stored variant: its name, its slot, and what the file truly is."""

    variant: str
    slot: Slot
    codec: Codec
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the header says: `width` and `height` in pixels as a viewer sees them, upright."""

    format: str
    width: int
    height: int
    frames: int
    has_alpha: bool


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a page shows before the picture: a tiny WebP as a data URI, and the average colour."""

    data_uri: str
    colour: str


def version_token(source: Source, recipe: Recipe) -> str:
    """Return the `v` of versioned URLs: 12 hex digits that change when the variants can change."""
    return version_made_by(source, recipe.fingerprint)


def version_made_by(source: Source, fingerprint: str) -> str:
    """Return the `v` of what the recipe of this fingerprint makes of a source."""
    parts = (source.identity, fingerprint, ENGINE_VERSION)
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def manifest(
    source: Source,
    recipe: Recipe,
    facts: SourceFacts,
    variants: Sequence[StoredVariant],
    placeholder: Placeholder | None,
) -> bytes:
    """Return the manifest as UTF-8 JSON, variants in the recipe's order, best slot first."""
    version = version_token(source, recipe)
    order = {name: index for index, name in enumerate(recipe.stored_names())}
    shown = sorted(variants, key=lambda each: order[each.variant, each.slot])
    document: Mapping[str, object] = {
        "schema": SCHEMA_VERSION,
        "version": version,
        "recipe": recipe.name,
        "source": {
            "key": source.key,
            "etag": source.etag,
            "bytes": source.size_bytes,
            **asdict(facts),
        },
        "placeholder": asdict(placeholder) if placeholder else None,
        "variants": [_entry(source.key, each, version) for each in shown],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(source_key: str, stored: StoredVariant, version: str) -> Mapping[str, object]:
    return {
        "name": stored.variant,
        "slot": stored.slot,
        "type": stored.codec.content_type,
        "width": stored.width,
        "height": stored.height,
        "bytes": stored.size_bytes,
        "url": public_url(source_key, variant=stored.variant, slot=stored.slot, version=version),
    }
