"""From a recipe and a source's size to the pictures to make, each only once."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.focal import Focal
from shared.model.geometry import Fitted, Size, fit_into
from shared.model.recipe import Gravity, Recipe, Slot, Variant, default_effort

Figures = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One distinct picture, and the names of the variants that want it in each slot.

    `focal` is there if and only if the gravity is focal.

    Several rungs share a rendition where the source is smaller than their widths: it is encoded
    once and stored under each name, so that every URL the edge can produce exists.
    """

    fitted: Fitted
    gravity: Gravity
    focal: Focal | None
    quality: Mapping[str, int]
    effort: Mapping[str, int]
    names: Mapping[Slot, tuple[str, ...]]

    @property
    def is_cropped_or_padded(self) -> bool:
        """Say whether the picture is not the whole source at one scale."""
        return self.fitted.canvas != self.fitted.resized


def plan_renditions(
    recipe: Recipe, source: Size, *, frames: int = 1, focal: Focal | None = None
) -> tuple[Rendition, ...]:
    """Return the renditions of a source, largest first: each can be made from the one before.

    `source` is one frame's size. `focal` is the source's focal point; without one, gravity focal
    is gravity attention.
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
        return Gravity.CENTRE  # where nothing is cut off, no gravity makes another picture
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
