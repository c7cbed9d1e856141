"""Recipes: which variants a source gets, and how they are encoded.

`recipe_reader` validates documents and makes these values; all other code trusts them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from json import dumps
from string import ascii_lowercase, ascii_uppercase

from shared.model.quality_and_effort import DEFAULT_QUALITY

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


class Slot(StrEnum):
    """What a browser can read, best first. The file in a slot may have another codec."""

    AVIF = "avif"
    WEBP = "webp"
    FALLBACK = "fallback"


class Fit(StrEnum):
    """How an image fits into a box; it is never enlarged."""

    INSIDE = "inside"
    COVER = "cover"
    CONTAIN = "contain"


class Gravity(StrEnum):
    """Which part of an image a crop keeps."""

    CENTRE = "centre"
    ATTENTION = "attention"
    ENTROPY = "entropy"
    FOCAL = "focal"


class Animation(StrEnum):
    """Whether an animated source stays animated."""

    KEEP = "keep"
    FIRST_FRAME = "first-frame"


@dataclass(frozen=True, slots=True)
class Caps:
    """The limits over which only an animation's first frame is rendered; `None` means no limit.

    `max_pixels` counts the pixels of all frames together.
    """

    max_frames: int | None = None
    max_pixels: int | None = None


class Position(StrEnum):
    """The position of a watermark on a variant."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Watermark:
    """An image drawn on every variant; `key` is its key in the sources bucket.

    `scale` is the watermark's width as a fraction of the variant's, `opacity` is from 0 to 1.
    `etag` is the file's current ETag. Recipes do not hold it; the worker sets it before it
    compares or renders.
    """

    key: str
    position: Position = Position.BOTTOM_RIGHT
    scale: float = 0.2
    opacity: float = 0.7
    etag: str = ""


def ascii_lower(text: str) -> str:
    """Return the text with A to Z in lower case, and all other characters as they are.

    Python, JavaScript and Terraform disagree about the lower case of characters beyond ASCII.
    """
    return text.translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Match:
    """Which keys a recipe is for: those with the prefix and any of the suffixes.

    Suffixes are those that `ascii_lower` returns, and match any case of A to Z; without suffixes,
    all keys match.
    """

    prefix: str = ""
    suffixes: tuple[str, ...] = ()

    def accepts(self, key: str) -> bool:
        """Return whether a source key matches; the S3 console's folder keys, `…/`, never match."""
        if key.endswith("/") or not key.startswith(self.prefix):
            return False
        return not self.suffixes or ascii_lower(key).endswith(self.suffixes)


def is_rung(name: str) -> bool:
    """Return whether a variant's name is that of a rung of a ladder; recipes reserve these."""
    return name[:1] == "w" and name[1:].isdecimal()


@dataclass(frozen=True, slots=True)
class Variant:
    """One named result of a recipe.

    `width` and `height` are its box in pixels; `None` is the source's size. `effort` holds only
    what the recipe sets; `default_effort` has the other codecs. `lazy` are those of `slots` whose
    files are made at the first request and not at upload.
    """

    name: str
    slots: tuple[Slot, ...]
    width: int | None = None
    height: int | None = None
    fit: Fit = Fit.INSIDE
    gravity: Gravity = Gravity.CENTRE
    quality: Mapping[str, int] = field(default_factory=lambda: DEFAULT_QUALITY)
    effort: Mapping[str, int] = field(default_factory=dict)
    lazy: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that is made of one source.

    `background` is RGB, and `None` keeps transparency. `metadata` holds the names of the fields
    that variants keep: any of `copyright` and `creator`. `purges_replaced` says whether CloudFront
    evicts the old variants when a source is replaced.
    """

    name: str
    variants: tuple[Variant, ...]
    match: Match = Match()
    background: tuple[int, int, int] | None = None
    animation: Animation = Animation.KEEP
    watermark: Watermark | None = None
    metadata: tuple[str, ...] = ()
    placeholder: bool = True
    caps: Caps | None = None
    purges_replaced: bool = False

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that change with every setting that changes a file.

        Name, match, purge and what is lazy do not change it.
        """
        made = asdict(self)
        del made["name"], made["match"], made["purges_replaced"]
        for variant in made["variants"]:
            del variant["lazy"]
        if self.caps is None:
            del made["caps"]  # keeps fingerprints that ledgers stored before `caps` existed
        return sha256(dumps(made, sort_keys=True).encode()).hexdigest()[:16]

    def without_keys(self) -> "Recipe":
        """Return the recipe for a render child: without anything that names an object."""
        watermark = None if self.watermark is None else replace(self.watermark, key="", etag="")
        return replace(self, match=Match(), watermark=watermark)

    def stored_names(self) -> tuple[tuple[str, Slot], ...]:
        """Return variant and slot of every object that a source can have besides its manifest."""
        return tuple((variant.name, slot) for variant in self.variants for slot in variant.slots)

    def eager_names(self) -> tuple[tuple[str, Slot], ...]:
        """Return those of `stored_names` that are made at upload."""
        lazy = {*self.lazy_names()}
        return tuple(name for name in self.stored_names() if name not in lazy)

    def lazy_names(self) -> tuple[tuple[str, Slot], ...]:
        """Return those of `stored_names` that are made at the first request."""
        return tuple((variant.name, slot) for variant in self.variants for slot in variant.lazy)

    def all_eager(self) -> "Recipe":
        """Return the recipe for a source of which everything is made at upload."""
        return replace(self, variants=tuple(replace(each, lazy=()) for each in self.variants))


@dataclass(frozen=True, slots=True)
class RecipeSet:
    """All recipes, in the order in which they are tried."""

    recipes: tuple[Recipe, ...]

    def matching(self, key: str) -> Recipe | None:
        """Return the first recipe that matches the key; `None` if there is none."""
        return next((recipe for recipe in self.recipes if recipe.match.accepts(key)), None)

    def named(self, name: str) -> Recipe | None:
        """Return the recipe with this name; `None` if there is none."""
        return next((recipe for recipe in self.recipes if recipe.name == name), None)

    def object_names(self) -> tuple[str, ...]:
        """Return every object name, `<variant>.<slot>`, that a source can have by any recipe."""
        names = (name for recipe in self.recipes for name in recipe.stored_names())
        return tuple(sorted({f"{variant}.{slot}" for variant, slot in names}))

    def all_eager(self) -> "RecipeSet":
        """Return the recipes for a stack without a renderer, where lazy means eager."""
        return RecipeSet(tuple(recipe.all_eager() for recipe in self.recipes))
