"""What the demo knows of one image: the manifest's facts, the ledger's times, or a cause."""

from dataclasses import dataclass

import msgspec

from shared.model.manifest import Placeholder
from shared.model.recipe import Slot

CODEC_NAMES = {"webp": "WebP"}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What the manifest says of a source; width and height in pixels, upright."""

    key: str
    bytes: int
    format: str
    width: int
    height: int
    frames: int
    has_alpha: bool


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One stored variant; `type` is the Content-Type of what the file truly is.

    `url` is a path and query on the stack's distribution.
    """

    name: str
    slot: Slot
    type: str
    width: int
    height: int
    bytes: int
    url: str = ""

    @property
    def codec(self) -> str:
        """Return the codec as people write it."""
        return codec_name(self.type.removeprefix("image/"))

    @property
    def is_another_codec(self) -> bool:
        """Say whether the slot holds something else than its name; a fallback names no codec."""
        return self.slot is not Slot.FALLBACK and self.type != f"image/{self.slot}"

    @property
    def label(self) -> str:
        """Return name and slot in one word, as in the stored key."""
        return f"{self.name}.{self.slot}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of a manifest that people are shown."""

    recipe: str
    source: SourceRow
    variants: tuple[VariantRow, ...]
    placeholder: Placeholder | None
    version: str = ""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One published source.

    `render_seconds` is the CPU time of its render child; `total_seconds` runs from taken up to
    committed and so counts waiting behind the rest of a batch.
    """

    manifest: Manifest
    render_seconds: float
    total_seconds: float

    @property
    def source(self) -> SourceRow:
        """Return the source's own facts."""
        return self.manifest.source

    @property
    def variants(self) -> tuple[VariantRow, ...]:
        """Return the variants in the recipe's order, best slot first."""
        return self.manifest.variants

    @property
    def total_bytes(self) -> int:
        """Return what all variants together take in the bucket."""
        return sum(variant.bytes for variant in self.variants)

    @property
    def smallest(self) -> VariantRow:
        """Return the variant with the fewest bytes."""
        return min(self.variants, key=lambda variant: variant.bytes)

    @property
    def largest(self) -> VariantRow:
        """Return the variant with the most bytes."""
        return max(self.variants, key=lambda variant: variant.bytes)

    @property
    def shown(self) -> VariantRow:
        """Return the widest variant in the best slot: the most that a modern browser downloads."""
        best = next(slot for slot in Slot if any(v.slot is slot for v in self.variants))
        return max((v for v in self.variants if v.slot is best), key=lambda variant: variant.width)

    @property
    def saved(self) -> float:
        """Return what `demo_report.SAVED` says; negative where the variant is the bigger file."""
        return saved_share(self.source.bytes, self.shown.bytes)


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """One message in the dead-letter queue; an empty cause is a fault of ours."""

    key: str
    cause: str
    stage: str
    detail: str
    source_bytes: int


def read_manifest(data: bytes) -> Manifest:
    """Return what a stored manifest says."""
    return msgspec.json.decode(data, type=Manifest)


def saved_share(source_bytes: int, shown_bytes: int) -> float:
    """Return how much smaller the second is than the first, as a share of the first."""
    return 1 - shown_bytes / source_bytes if source_bytes else 0.0


def codec_name(word: str) -> str:
    """Return a format's name as people write it."""
    return CODEC_NAMES.get(word, word.upper())
