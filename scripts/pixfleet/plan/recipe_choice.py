"""Which recipe a key gets and why, and what would be stored for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.focal import Focal, read_focal
from shared.model.geometry import Size
from shared.model.keys import public_url, variant_key
from shared.model.recipe import Codec, Match, Recipe, RecipeSet, Slot, Variant, default_effort
from shared.model.renditions import plan_renditions
from shared.model.source import Source

# What a slot's file is of a still source without transparency, if nothing else comes out smaller.
CODECS: Mapping[Slot, Codec] = {
    Slot.AVIF: Codec.AVIF,
    Slot.WEBP: Codec.WEBP,
    Slot.FALLBACK: Codec.JPEG,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One recipe that was held against a key; `refused` is empty where it matched."""

    recipe: str
    refused: str


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """One object that would be stored; `size` and a default `effort` need the source's size.

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

    @property
    def label(self) -> str:
        """Return the object's own name."""
        return f"{self.variant}.{self.slot}"

    @property
    def shown_size(self) -> str:
        """Return the size in pixels, or else the box."""
        return f"{self.size.width} \u00d7 {self.size.height}" if self.size else self.box


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A recipe that no key can reach, and the one above it that takes them all."""

    recipe: str
    by: str


def trials(recipe_set: RecipeSet, key: str) -> tuple[Trial, ...]:
    """Return the recipes in the order in which they are tried, up to the one that matches."""
    found = []
    for recipe in recipe_set.recipes:
        refused = why_not(recipe.match, key)
        found.append(Trial(recipe.name, refused))
        if not refused:
            break
    return tuple(found)


def why_not(match: Match, key: str) -> str:
    """Return in words why a recipe does not match a key; empty if it does."""
    if match.accepts(key):
        return ""
    if key.endswith("/"):
        return "a key that ends in / is a console's empty folder"
    if not key.startswith(match.prefix):
        return f"does not begin with {match.prefix}"
    return f"does not end in {', '.join(match.suffixes)}"


def stored_variants(
    recipe: Recipe, source: Source, *, size: Size | None, base: str, version: str
) -> tuple[StoredVariant, ...]:
    """Return what a source of this size would be given; `UnsupportedKey` if a name is too long.

    Without a version the URLs are those without one, which browsers keep for a short time only.
    """
    focal = read_focal(source.overrides.focal)
    sizes = _sizes(recipe, size, focal) if size else {}
    found = []
    for variant, slot in ((each, slot) for each in recipe.variants for slot in each.slots):
        made, codec = sizes.get(variant.name), CODECS[slot]
        by_size = default_effort(made.pixels)[codec] if made else None
        url = public_url(source.key, variant=variant.name, slot=slot, version=version)
        found.append(
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
            )
        )
    return tuple(found)


def shadowed(recipe_set: RecipeSet) -> tuple[Shadowed, ...]:
    """Return the recipes that no key can reach, since one above takes all that they match.

    A source can still ask for them by its metadata.
    """
    found = []
    for at, recipe in enumerate(recipe_set.recipes):
        above = (each for each in recipe_set.recipes[:at] if _covers(each.match, recipe.match))
        if first := next(above, None):
            found.append(Shadowed(recipe.name, first.name))
    return tuple(found)


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
    """Return in words which keys a recipe is for."""
    if not match.prefix and not match.suffixes:
        return "every other key"
    beginning = f" beginning with {match.prefix}" if match.prefix else ""
    ending = f" ending in {', '.join(match.suffixes)}" if match.suffixes else ""
    return f"keys{beginning}{ending}"


def _covers(above: Match, below: Match) -> bool:
    """Say whether every key that `below` accepts is accepted by `above`, too."""
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
