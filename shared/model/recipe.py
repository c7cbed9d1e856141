"""Recipes: which variants a source gets, as values that are already known to be right.

`recipe_reader` makes them from a document; everything after it trusts the type.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from json import dumps


class Slot(StrEnum):
    """What a browser can take, best first; a promise about the reader, not about the file."""

    AVIF = "avif"
    WEBP = "webp"
    FALLBACK = "fallback"


class Codec(StrEnum):
    """What a file really is; each value is the second half of its Content-Type."""

    AVIF = "avif"
    WEBP = "webp"
    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"

    @property
    def content_type(self) -> str:
        """Return the MIME type."""
        return f"image/{self.value}"


class Fit(StrEnum):
    """How a picture meets a box; none of them ever enlarges it."""

    INSIDE = "inside"
    COVER = "cover"
    CONTAIN = "contain"


class Gravity(StrEnum):
    """Which part of a picture a crop keeps."""

    CENTRE = "centre"
    ATTENTION = "attention"
    ENTROPY = "entropy"
    FOCAL = "focal"


class Animation(StrEnum):
    """What becomes of a moving source."""

    KEEP = "keep"
    FIRST_FRAME = "first-frame"


@dataclass(frozen=True, slots=True)
class Caps:
    """What an animation may have to keep moving, over which it stands still; none: no bound.

    `max_pixels` counts those of all frames together.
    """

    max_frames: int | None = None
    max_pixels: int | None = None

    def allow(self, frames: int, frame_pixels: int) -> bool:
        """Say whether so many frames of so many pixels each are within the caps."""
        within_frames = self.max_frames is None or frames <= self.max_frames
        return within_frames and (
            self.max_pixels is None or frames * frame_pixels <= self.max_pixels
        )


class Position(StrEnum):
    """Where a watermark stands on a variant."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    CENTRE = "centre"


# Chosen so that the three look alike; see docs/recipes.md for the scan.
DEFAULT_QUALITY: Mapping[str, int] = {Codec.AVIF: 60, Codec.WEBP: 82, Codec.JPEG: 76}
# CPU spent by the encoder, 0 (fast) to 9 for AVIF, 6 for WebP, 9 for PNG, 10 for GIF. JPEG: 0 is
# plain baseline, 1 optimises the Huffman tables, 2 adds progressive scans, 3 adds mozjpeg's
# trellis search.
DEFAULT_EFFORT: Mapping[str, int] = {
    Codec.AVIF: 1,
    Codec.WEBP: 2,
    Codec.JPEG: 1,
    Codec.PNG: 6,
    Codec.GIF: 4,
}
# A second of CPU saves most bytes on small pictures, which are also shown most often.
SMALL_PIXELS, LARGE_PIXELS = 320_000, 1_400_000
SMALL_EFFORT: Mapping[str, int] = {**DEFAULT_EFFORT, Codec.WEBP: 4}
LARGE_EFFORT: Mapping[str, int] = {**DEFAULT_EFFORT, Codec.AVIF: 0}


def default_effort(pixels: int) -> Mapping[str, int]:
    """Return the effort for a picture of so many pixels, all its frames counted."""
    if pixels <= SMALL_PIXELS:
        return SMALL_EFFORT
    return LARGE_EFFORT if pixels > LARGE_PIXELS else DEFAULT_EFFORT


@dataclass(frozen=True, slots=True)
class Watermark:
    """A picture laid over every variant; `key` names it in the sources bucket.

    `scale` is the mark's width as a fraction of the variant's. `etag` is of the mark that is
    there now: no recipe says it, the worker fills it in before it compares or renders.
    """

    key: str
    position: Position = Position.BOTTOM_RIGHT
    scale: float = 0.2
    opacity: float = 0.7
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Which keys a recipe is for: a prefix, and any of the suffixes in any letter case."""

    prefix: str = ""
    suffixes: tuple[str, ...] = ()

    def accepts(self, key: str) -> bool:
        """Say whether a source key is ours; a key that ends in `/` is a console's empty folder."""
        if key.endswith("/") or not key.startswith(self.prefix):
            return False
        return not self.suffixes or key.lower().endswith(self.suffixes)


@dataclass(frozen=True, slots=True)
class Variant:
    """One named result: its box in pixels (none: the source's size), its slots, its encoders.

    `effort` holds what the recipe says; `default_effort` decides about the rest.
    """

    name: str
    slots: tuple[Slot, ...]
    width: int | None = None
    height: int | None = None
    fit: Fit = Fit.INSIDE
    gravity: Gravity = Gravity.CENTRE
    quality: Mapping[str, int] = field(default_factory=lambda: DEFAULT_QUALITY)
    effort: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that is made of one source. `background` is RGB; none keeps transparency."""

    name: str
    variants: tuple[Variant, ...]
    match: Match = Match()
    background: tuple[int, int, int] | None = None
    animation: Animation = Animation.KEEP
    watermark: Watermark | None = None
    metadata: tuple[str, ...] = ()
    placeholder: bool = True
    caps: Caps | None = None

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that change when what is made changes; the name does not count."""
        made = asdict(self)
        del made["name"], made["match"]
        if self.caps is None:
            del made["caps"]  # younger than fingerprints that are stored in ledgers
        return sha256(dumps(made, sort_keys=True).encode()).hexdigest()[:16]

    def without_places(self) -> "Recipe":
        """Return only what is to be made: nothing that names an object of a bucket."""
        mark = None if self.watermark is None else replace(self.watermark, key="", etag="")
        return replace(self, match=Match(), watermark=mark)

    def stored_names(self) -> tuple[tuple[str, Slot], ...]:
        """Return the variant and slot of every object that a source gets, the manifest aside."""
        return tuple((variant.name, slot) for variant in self.variants for slot in variant.slots)


@dataclass(frozen=True, slots=True)
class RecipeSet:
    """All recipes, in the order in which they are tried."""

    recipes: tuple[Recipe, ...]

    def matching(self, key: str) -> Recipe | None:
        """Return the first recipe that accepts the key."""
        return next((recipe for recipe in self.recipes if recipe.match.accepts(key)), None)

    def named(self, name: str) -> Recipe | None:
        """Return the recipe that a source's metadata asked for."""
        return next((recipe for recipe in self.recipes if recipe.name == name), None)

    def object_names(self) -> tuple[str, ...]:
        """Return every object name, `<variant>.<slot>`, that some recipe stores."""
        names = (name for recipe in self.recipes for name in recipe.stored_names())
        return tuple(sorted({f"{variant}.{slot}" for variant, slot in names}))
