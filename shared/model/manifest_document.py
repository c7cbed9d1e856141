"""The manifest's JSON, as types.

docs/manifest.schema.json and docs/manifest.d.ts are made from them (`python -m scripts.manifest`).
The text in each `Annotated` describes the field there. Pages read manifests of many versions: a
field may be added, but its name, type and meaning never change within one `SCHEMA_VERSION`.
"""

from typing import Annotated, Literal, NotRequired, TypedDict

from shared.model.recipe import Slot
from shared.model.reductions import SlotLimit, Still


class SourceDocument(TypedDict):
    """The source of the variants. Width and height are upright, of one frame."""

    key: Annotated[str, "The key of the source in its bucket, not percent-encoded."]
    etag: Annotated[str, "The ETag of the source, without quotation marks."]
    bytes: Annotated[int, "The size of the source's file."]
    format: Annotated[str, "What the source's bytes are, such as jpeg or heic."]
    width: Annotated[int, "In pixels."]
    height: Annotated[int, "In pixels."]
    frames: Annotated[int, "The number of frames: 1 unless the source is animated."]
    has_alpha: Annotated[bool, "Whether a pixel may be transparent."]


class PlaceholderDocument(TypedDict):
    """What a page shows while an opaque picture loads."""

    data_uri: Annotated[str, "A WebP of at most 16 by 16 pixels, as a data URI."]
    colour: Annotated[str, "The average colour, such as #a0b0c0."]


class VariantDocument(TypedDict):
    """One file, stored or made at the first request. Width and height are of one frame."""

    name: Annotated[str, "The variant's name in the recipe: w640 for a rung, or such as thumb."]
    slot: Annotated[Slot, "Which browsers can show it."]
    type: Annotated[str, "The file's Content-Type, which may be of another codec than the slot."]
    width: Annotated[int, "In pixels."]
    height: Annotated[int, "In pixels."]
    bytes: Annotated[int | None, "The size of the file; null if it is made at the first request."]
    url: Annotated[str, "Path and query on the distribution, with the version; ready for use."]
    limit: NotRequired[Annotated[SlotLimit, "Why the slot cannot have a file of its own codec."]]


class ManifestDocument(TypedDict):
    """The manifest of one source: all that a page needs to show it.

    Later versions may add fields, and words to `still` and `limit`.
    """

    schema: Annotated[Literal[1], "The version of this form."]
    version: Annotated[str, "12 hex digits that change with source, recipe or engine."]
    recipe: Annotated[str, "The name of the recipe."]
    source: SourceDocument
    still: Annotated[Still | None, "Why an animated source's variants show its first frame only."]
    placeholder: Annotated[PlaceholderDocument | None, "Null if the recipe makes none."]
    variants: Annotated[list[VariantDocument], "In the recipe's order, best slot first."]
