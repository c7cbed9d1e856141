"""Plans the distinct images to make from a recipe and a source's size."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.focal import Focal
from shared.model.geometry import Fitted, Size, fit_into
from shared.model.quality_and_effort import default_effort
from shared.model.recipe import Gravity, Recipe, Slot, Variant

Figures = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One distinct image, and the names of the variants that share it in each slot.

    `focal` is set if and only if the gravity is `focal`. `quality` and `effort` are by codec.

    If the source is smaller than the widths of several rungs, they share a rendition: it is
    encoded once and stored under each name, so that every URL that the edge can produce exists.
    """

    fitted: Fitted
    gravity: Gravity
    focal: Focal | None
    quality: Mapping[str, int]
    effort: Mapping[str, int]
    names: Mapping[Slot, tuple[str, ...]]

    @property
    def is_cropped_or_padded(self) -> bool:
        """Return whether the image is not just the resized source."""
        return self.fitted.canvas != self.fitted.resized

    def in_encoding_order(self) -> tuple[tuple[Slot, tuple[str, ...]], ...]:
        """Return each slot and its names, the fallback first: a better slot may get its file."""
        return tuple(reversed(tuple(self.names.items())))


def plan_renditions(
    recipe: Recipe, source: Size, *, frames: int = 1, focal: Focal | None = None
) -> tuple[Rendition, ...]:
    """Return the renditions of a source, largest first: each can be resized from the one before.

    `source` is the upright size of one frame. `focal` is the source's focal point; without one,
    gravity `focal` means gravity `attention`.
    """
    groups: dict[tuple[Fitted, Gravity, Figures, Figures], list[Variant]] = {}
    for variant in recipe.variants:
        fitted = fit_into(source, variant.width, variant.height, variant.fit)
        effort = {**default_effort(fitted.canvas.pixels * frames), **variant.effort}
        gravity = _gravity(variant, fitted, focal)
        same = (fitted, gravity, _frozen(variant.quality), _frozen(effort))
        groups.setdefault(same, []).append(variant)
    renditions = [
        Rendition(
            fitted=fitted,
            gravity=gravity,
            focal=focal if gravity is Gravity.FOCAL else None,
            quality=dict(quality),
            effort=dict(effort),
            names=_names(members),
        )
        for (fitted, gravity, quality, effort), members in groups.items()
    ]
    return tuple(sorted(renditions, key=lambda made: made.fitted.resized.pixels, reverse=True))


def _gravity(variant: Variant, fitted: Fitted, focal: Focal | None) -> Gravity:
    if fitted.canvas == fitted.resized:
        return Gravity.CENTRE  # nothing is cropped, so all gravities give the same image
    if variant.gravity is Gravity.FOCAL and focal is None:
        return Gravity.ATTENTION
    return variant.gravity


def _names(members: list[Variant]) -> Mapping[Slot, tuple[str, ...]]:
    names = {
        slot: tuple(variant.name for variant in members if slot in variant.slots) for slot in Slot
    }
    return {slot: wanted for slot, wanted in names.items() if wanted}


def _frozen(figures: Mapping[str, int]) -> Figures:
    return tuple(sorted(figures.items()))
