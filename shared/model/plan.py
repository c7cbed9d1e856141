"""From a recipe and a source's size to the pictures to make, each only once."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.geometry import Frame, Size, frame
from shared.model.recipe import Gravity, Recipe, Slot, Variant


@dataclass(frozen=True, slots=True)
class Rendition:
    """One distinct picture, and the names of the variants that want it in each slot.

    Several rungs share a rendition where the source is smaller than their widths: it is encoded
    once and stored under each name, so that every URL the edge can produce exists.
    """

    frame: Frame
    gravity: Gravity
    quality: Mapping[str, int]
    effort: Mapping[str, int]
    names: Mapping[Slot, tuple[str, ...]]

    @property
    def is_cut(self) -> bool:
        """Say whether the picture is not the whole source at one scale."""
        return self.frame.canvas != self.frame.resized


def plan(recipe: Recipe, source: Size) -> tuple[Rendition, ...]:
    """Return the renditions of a source, largest first: each can be made from the one before."""
    groups: dict[object, list[tuple[Variant, Frame]]] = {}
    for variant in recipe.variants:
        fitted = frame(source, variant.width, variant.height, variant.fit)
        # Gravity says what a crop keeps: where nothing is cut off, it makes no other picture.
        gravity = variant.gravity if fitted.canvas != fitted.resized else Gravity.CENTRE
        same = (fitted, gravity, *map(_frozen, (variant.quality, variant.effort)))
        groups.setdefault(same, []).append((variant, fitted))
    renditions = [_rendition(members) for members in groups.values()]
    return tuple(sorted(renditions, key=lambda made: made.frame.resized.pixels, reverse=True))


def _rendition(members: list[tuple[Variant, Frame]]) -> Rendition:
    first, fitted = members[0]
    names = {
        slot: tuple(variant.name for variant, _ in members if slot in variant.slots)
        for slot in Slot
    }
    return Rendition(
        frame=fitted,
        gravity=first.gravity,
        quality=first.quality,
        effort=first.effort,
        names={slot: wanted for slot, wanted in names.items() if wanted},
    )


def _frozen(figures: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(figures.items()))
