"""The figures of one image that a page or a table shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.manifest import Manifest, ManifestSource, ManifestVariant
from shared.model.recipe import Slot
from shared.model.reductions import Still

CODEC_NAMES = {"webp": "WebP"}
STILL_REASONS: Mapping[Still, str] = {
    Still.RECIPE: "its recipe asks for it",
    Still.FORMAT: "animations of this format are not rendered",
    Still.FRAMES: "it has too many frames",
    Still.PIXELS: "all its frames together have too many pixels",
    Still.MEMORY: "all its frames together would need too much memory",
}


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One published source.

    `render_seconds` is the CPU time of the render child. `total_seconds` is the time from the
    claim to the commit, so it includes waiting for other sources of the batch.
    """

    manifest: Manifest
    render_seconds: float
    total_seconds: float

    @property
    def source(self) -> ManifestSource:
        """Return what the manifest says of the source."""
        return self.manifest.source

    @property
    def variants(self) -> tuple[ManifestVariant, ...]:
        """Return the variants made at upload, in the recipe's order, best slot first."""
        return tuple(variant for variant in self.manifest.variants if not variant.is_lazy)

    @property
    def lazy(self) -> tuple[str, ...]:
        """Return the labels of the variants that are made at the first request."""
        return tuple(variant.label for variant in self.manifest.variants if variant.is_lazy)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Return the slots that have variants made at upload, best first."""
        return tuple(slot for slot in Slot if any(v.slot is slot for v in self.variants))

    @property
    def still_reason(self) -> str:
        """Return why only the first frame is rendered, in words; empty if it is not so."""
        return STILL_REASONS[self.manifest.still] if self.manifest.still else ""

    @property
    def total_bytes(self) -> int:
        """Return the bytes of all variants together."""
        return sum(map(bytes_of, self.variants))

    @property
    def smallest(self) -> ManifestVariant:
        """Return the variant with the fewest bytes."""
        return min(self.variants, key=bytes_of)

    @property
    def largest(self) -> ManifestVariant:
        """Return the variant with the most bytes."""
        return max(self.variants, key=bytes_of)

    @property
    def shown(self) -> ManifestVariant:
        """Return the widest variant in the best slot: the most that a modern browser downloads."""
        in_best = [variant for variant in self.variants if variant.slot is self.slots[0]]
        return max(in_best, key=lambda variant: variant.width)

    @property
    def saved(self) -> float:
        """Return how much smaller `shown` is than the source, as a share of the source."""
        return saved_share(self.source.bytes, bytes_of(self.shown))


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """One dead letter; `cause` is empty if the worker crashed and SQS moved the message."""

    key: str
    cause: str
    stage: str
    detail: str
    source_bytes: int


def bytes_of(variant: ManifestVariant) -> int:
    """Return the bytes of a variant's file; 0 before it is made."""
    return variant.bytes or 0


def saved_share(source_bytes: int, shown_bytes: int) -> float:
    """Return how much smaller the second is, as a share of the first; negative if it is larger."""
    return 1 - shown_bytes / source_bytes if source_bytes else 0.0


def variant_codec(variant: ManifestVariant) -> str:
    """Return the name of the codec of a variant's file, such as `WebP`."""
    return codec_name(variant.type.removeprefix("image/"))


def is_another_codec(variant: ManifestVariant) -> bool:
    """Return whether the file is of another codec than its slot; a fallback names no codec."""
    return variant.slot is not Slot.FALLBACK and variant.type != f"image/{variant.slot}"


def codec_name(word: str) -> str:
    """Return a format's name as people write it, such as `JPEG`."""
    return CODEC_NAMES.get(word, word.upper())


def slot_title(slot: Slot) -> str:
    """Return the heading of a slot's column."""
    return "Fallback" if slot is Slot.FALLBACK else codec_name(slot)
