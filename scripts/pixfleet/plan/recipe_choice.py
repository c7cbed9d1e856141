"""Which recipe a key gets and why, and which objects would be stored for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.pixfleet.terminal.text import quoted
from shared.model.codec import Codec
from shared.model.focal import Focal, read_focal
from shared.model.geometry import Size
from shared.model.keys import public_url, variant_key
from shared.model.quality_and_effort import default_effort
from shared.model.recipe import Match, Recipe, RecipeSet, Slot, Variant
from shared.model.renditions import plan_renditions
from shared.model.source import Source

# The codec of each slot for a still source without transparency. Other codecs are used where they
# give a smaller file.
CODECS: Mapping[Slot, Codec] = {
    Slot.AVIF: Codec.AVIF,
    Slot.WEBP: Codec.WEBP,
    Slot.FALLBACK: Codec.JPEG,
}


@dataclass(frozen=True, slots=True)
class MatchAttempt:
    """One recipe that was compared with a key; `mismatch` is empty if it matched."""

    recipe: str
    mismatch: str


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """One object that would be stored, or that is made at the first request if it `is_lazy`.

    `size` is None if the source's size is unknown, and so is an `effort` that depends on it.
    The codec is that of a still source without transparency.
    """

    variant: str
    slot: Slot
    box: str
    size: Size | None
    codec: Codec
    quality: int
    effort: int | None
    object_key: str
    url: str
    is_lazy: bool

    @property
    def label(self) -> str:
        """Return `<variant>.<slot>`."""
        return f"{self.variant}.{self.slot}"

    @property
    def shown_size(self) -> str:
        """Return the size in pixels if it is known, the box otherwise."""
        return f"{self.size.width} \u00d7 {self.size.height}" if self.size else self.box


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A recipe that no key can reach, because `by` above it matches all its keys."""

    recipe: str
    by: str


def match_attempts(recipe_set: RecipeSet, key: str) -> tuple[MatchAttempt, ...]:
    """Return the recipes in their order, up to and including the first that matches."""
    attempts = []
    for recipe in recipe_set.recipes:
        mismatch = mismatch_reason(recipe.match, key)
        attempts.append(MatchAttempt(recipe.name, mismatch))
        if not mismatch:
            break
    return tuple(attempts)


def mismatch_reason(match: Match, key: str) -> str:
    """Return in words why a recipe does not match a key; empty if it matches."""
    if match.accepts(key):
        return ""
    if key.endswith("/"):
        return "a key that ends in / is a console's empty folder"
    if not key.startswith(match.prefix):
        return f"does not begin with {quoted(match.prefix)}"
    return f"does not end in {', '.join(match.suffixes)}"


def stored_variants(
    recipe: Recipe, source: Source, *, size: Size | None, base: str, version: str
) -> tuple[StoredVariant, ...]:
    """Return the objects of a source; `UnsupportedKey` if an object's name is too long.

    With an empty `version`, the URLs have no version, and browsers cache them for a short time
    only.
    """
    focal = read_focal(source.overrides.focal)
    sizes = _sizes(recipe, size, focal) if size else {}
    stored = []
    for variant, slot in ((each, slot) for each in recipe.variants for slot in each.slots):
        made, codec = sizes.get(variant.name), CODECS[slot]
        by_size = default_effort(made.pixels).get(codec) if made else None
        url = public_url(source.key, variant=variant.name, slot=slot, version=version)
        stored.append(
            StoredVariant(
                variant=variant.name,
                slot=slot,
                box=box(variant),
                size=made,
                codec=codec,
                quality=variant.quality[codec],
                effort=variant.effort.get(codec, by_size),
                object_key=variant_key(source.key, variant.name, slot),
                url=base + url.removesuffix("&v="),
                is_lazy=slot in variant.lazy,
            )
        )
    return tuple(stored)


def shadowed(recipe_set: RecipeSet) -> tuple[Shadowed, ...]:
    """Return the recipes that no key can reach, because one above matches all their keys.

    A source can still get them if its metadata names them.
    """
    found = []
    for at, recipe in enumerate(recipe_set.recipes):
        above = (each for each in recipe_set.recipes[:at] if _covers(each.match, recipe.match))
        if first := next(above, None):
            found.append(Shadowed(recipe.name, first.name))
    return tuple(found)


def formats(variant: Variant) -> str:
    """Return in words the formats of a variant, and which of them are lazy."""
    return ", ".join(f"{slot} (lazy)" if slot in variant.lazy else slot for slot in variant.slots)


def box(variant: Variant) -> str:
    """Return in words the size that a variant fits into."""
    if variant.width is None and variant.height is None:
        return "the source's size"
    if variant.height is None:
        return f"{variant.width} wide"
    if variant.width is None:
        return f"{variant.height} high"
    gravity = f", {variant.gravity}" if variant.fit == "cover" else ""
    return f"{variant.fit} {variant.width} \u00d7 {variant.height}{gravity}"


def keys_of(match: Match) -> str:
    """Return in words which keys a recipe matches."""
    if not match.prefix and not match.suffixes:
        return "every other key"
    conditions = []
    if match.prefix:
        conditions.append(f"begin with {quoted(match.prefix)}")
    if match.suffixes:
        conditions.append(f"end in {', '.join(match.suffixes)}")
    return f"keys that {' and '.join(conditions)}"


def _covers(above: Match, below: Match) -> bool:
    """Return whether `above` matches every key that `below` matches."""
    if not below.prefix.startswith(above.prefix):
        return False
    if not above.suffixes:
        return True
    return bool(below.suffixes) and all(each.endswith(above.suffixes) for each in below.suffixes)


def _sizes(recipe: Recipe, source: Size, focal: Focal | None) -> Mapping[str, Size]:
    return {
        name: made.fitted.canvas
        for made in plan_renditions(recipe, source, focal=focal)
        for names in made.names.values()
        for name in names
    }
