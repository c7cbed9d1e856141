"""Writes and reads the manifest: the JSON that a web page reads to show one source."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, TypeVar

from shared.model.codec import Codec
from shared.model.errors import PixfleetError
from shared.model.keys import public_url
from shared.model.manifest_document import (
    ManifestDocument,
    PlaceholderDocument,
    SourceDocument,
    VariantDocument,
)
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import SlotLimit, Still
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION
from shared.text import excerpt

SCHEMA_VERSION: Final = 1

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """One stored variant: its name, its slot, and the codec and size of its file.

    `limit` is why the slot cannot have a file of its own codec.
    """

    variant: str
    slot: Slot
    codec: Codec
    width: int
    height: int
    size_bytes: int
    limit: SlotLimit | None = None


@dataclass(frozen=True, slots=True)
class LazyVariant:
    """One variant that is made at the first request: the codec and the size that it will have.

    If its codec turns out to be another one, its Content-Type says so and the manifest does not.
    """

    variant: str
    slot: Slot
    codec: Codec
    width: int
    height: int
    limit: SlotLimit | None = None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a source's header declares; `width` and `height` of one upright frame, in pixels."""

    format: str
    width: int
    height: int
    frames: int
    has_alpha: bool


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a page shows while an image loads: a tiny WebP as a data URI, and a colour."""

    data_uri: str
    colour: str


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """A manifest's entry for its source; `width` and `height` are upright, in pixels."""

    key: str
    bytes: int
    format: str
    width: int
    height: int
    frames: int
    has_alpha: bool


@dataclass(frozen=True, slots=True)
class ManifestVariant:
    """A manifest's entry for one variant.

    `type` is the file's Content-Type, which is not always that of the slot; `limit` is why it
    cannot be that of the slot. `url` is a path and query on the stack's distribution. `bytes` is
    `None` if the file is made at the first request.
    """

    name: str
    slot: Slot
    type: str
    width: int
    height: int
    bytes: int | None
    url: str = ""
    limit: SlotLimit | None = None

    @property
    def is_lazy(self) -> bool:
        """Return whether the file is made at the first request."""
        return self.bytes is None

    @property
    def label(self) -> str:
        """Return name and slot as in the stored key, such as `w640.avif`."""
        return f"{self.name}.{self.slot}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it was read. Variants are in the recipe's order, best slot first.

    `still` is why the variants of an animated source show only its first frame.
    """

    recipe: str
    source: ManifestSource
    variants: tuple[ManifestVariant, ...]
    placeholder: Placeholder | None
    version: str = ""
    still: Still | None = None


class UnreadableManifest(PixfleetError):
    """Bytes that are not a manifest as `write_manifest` writes it."""


def version_token(source: Source, recipe: Recipe) -> str:
    """Return the `v` of versioned URLs: 12 hex digits.

    It changes when the source, the recipe or the engine changes.
    """
    return version_made_by(source, recipe.fingerprint)


def version_made_by(source: Source, fingerprint: str) -> str:
    """Return the version token of a source rendered by the recipe with this fingerprint."""
    parts = (source.identity, fingerprint, ENGINE_VERSION)
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def write_manifest(  # noqa: PLR0913 - what a manifest consists of
    source: Source,
    recipe: Recipe,
    facts: SourceFacts,
    variants: Sequence[StoredVariant],
    placeholder: Placeholder | None,
    still: Still | None = None,
    *,
    lazy: Sequence[LazyVariant] = (),
) -> bytes:
    """Return the manifest as UTF-8 JSON, variants in the recipe's order, best slot first.

    `variants` are those that are stored, `lazy` those that are made at the first request. Where a
    renderer makes copies of equal rungs, both have one entry for each distinct file.
    """
    version = version_token(source, recipe)
    order = {name: index for index, name in enumerate(recipe.stored_names())}
    listed: list[StoredVariant | LazyVariant] = [*variants, *lazy]
    listed.sort(key=lambda each: order[each.variant, each.slot])
    document: ManifestDocument = {
        "schema": SCHEMA_VERSION,
        "version": version,
        "recipe": recipe.name,
        "source": _source_document(source, facts),
        "still": still,
        "placeholder": _placeholder_document(placeholder) if placeholder else None,
        "variants": [_entry(source.key, each, version) for each in listed],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _source_document(source: Source, facts: SourceFacts) -> SourceDocument:
    return {
        "key": source.key,
        "etag": source.etag,
        "bytes": source.size_bytes,
        "format": facts.format,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "has_alpha": facts.has_alpha,
    }


def _placeholder_document(placeholder: Placeholder) -> PlaceholderDocument:
    return {"data_uri": placeholder.data_uri, "colour": placeholder.colour}


def _entry(source_key: str, variant: StoredVariant | LazyVariant, version: str) -> VariantDocument:
    entry: VariantDocument = {
        "name": variant.variant,
        "slot": variant.slot,
        "type": variant.codec.content_type,
        "width": variant.width,
        "height": variant.height,
        "bytes": variant.size_bytes if isinstance(variant, StoredVariant) else None,
        "url": public_url(source_key, variant=variant.variant, slot=variant.slot, version=version),
    }
    if variant.limit:
        entry["limit"] = variant.limit
    return entry


def read_manifest(data: bytes) -> Manifest:
    """Return a stored manifest's content; `UnreadableManifest` if it is not a manifest."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise UnreadableManifest(f"expected JSON, got {error}") from error
    fields = _checked(document, recipe=str, source=dict, variants=list, version=str)
    placeholder = document.get("placeholder")
    return Manifest(
        recipe=fields["recipe"],
        source=_read_source(fields["source"]),
        variants=tuple(map(_read_variant, fields["variants"])),
        placeholder=None if placeholder is None else _read_placeholder(placeholder),
        version=fields["version"],
        still=_read_word(Still, document.get("still")),
    )


def _read_source(value: object) -> ManifestSource:
    fields = _checked(
        value,
        key=str,
        bytes=int,
        format=str,
        width=int,
        height=int,
        frames=int,
        has_alpha=bool,
    )
    return ManifestSource(**fields)


def _read_variant(value: object) -> ManifestVariant:
    fields = _checked(value, name=str, slot=str, type=str, width=int, height=int, url=str)
    if fields["slot"] not in set(Slot):
        raise UnreadableManifest(f"expected a slot, got {excerpt(fields['slot'])}")
    # `_checked` accepts objects only.
    document = value if isinstance(value, dict) else {}
    # A missing size is no null one: `_checked` refuses it.
    is_lazy = document.get("bytes", 0) is None
    return ManifestVariant(
        **{**fields, "slot": Slot(fields["slot"])},
        bytes=None if is_lazy else _checked(value, bytes=int)["bytes"],
        limit=_read_word(SlotLimit, document.get("limit")),
    )


def _read_word(words: type[Word], value: object) -> Word | None:
    """Return a word of a vocabulary, or `None` for `null` and for words of later versions."""
    return next((word for word in words if word == value), None)


def _read_placeholder(value: object) -> Placeholder:
    return Placeholder(**_checked(value, data_uri=str, colour=str))


def _checked(value: object, **types: type) -> dict[str, Any]:  # the values of JSON
    """Return the named fields of a JSON object; `UnreadableManifest` if one is of another type."""
    if not isinstance(value, dict):
        raise UnreadableManifest(f"expected an object, got {excerpt(value)}")
    for name, kind in types.items():
        # Not `isinstance`: True is an int, too.
        if type(value.get(name)) is not kind:
            raise UnreadableManifest(
                f"expected {kind.__name__} for {name}, got {excerpt(value.get(name))}"
            )
    return {name: value[name] for name in types}
