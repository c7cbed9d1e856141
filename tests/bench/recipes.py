"""The recipes that are measured: the default recipe, and ladders that sharp can make, too."""

from dataclasses import replace

from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.model.recipe import Recipe, Slot
from shared.model.recipe_reader import read_recipes


def shipped_recipe() -> Recipe:
    """Return the recipe of keys that no other recipe matches."""
    return read_recipes(recipes_document()).recipes[-1]


def default_recipe() -> Recipe:
    """Return the same recipe with all of its files eager."""
    return shipped_recipe().all_eager()


def ladder(*slots: Slot) -> Recipe:
    """Return the default recipe's rungs with its settings, each in the given slots."""
    default = default_recipe()
    rungs = tuple(
        replace(variant, slots=slots)
        for variant in default.variants
        if variant.name == f"w{variant.width}"
    )
    return replace(default, name="-".join(slots), variants=rungs, placeholder=False)


def jpeg_webp() -> Recipe:
    """Return five rungs in WebP and JPEG."""
    return ladder(Slot.WEBP, Slot.FALLBACK)


def jpeg_webp_avif() -> Recipe:
    """Return the same five rungs with AVIF added."""
    return ladder(Slot.AVIF, Slot.WEBP, Slot.FALLBACK)
