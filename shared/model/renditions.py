"""Plans the distinct images to make from a recipe and a source's size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.model.codec import MAX_SIDE, Codec
from shared.model.focal import Focal
from shared.model.geometry import Fitted, Size, fit_into
from shared.model.quality_and_effort import default_effort
from shared.model.recipe import Gravity, Recipe, Slot, Variant
from shared.model.reductions import SlotLimit

Figures = tuple[tuple[str, int], ...]
# Where no encoder can hold a rung, it is made this much smaller, in percent of its sides. At half
# its size, text of a screenshot can still be read; a source that would need less is refused.
SMALLER_PERCENTS = range(95, 45, -5)


@dataclass(frozen=True, slots=True)
class Rendition:
    """One distinct image, and the names of the variants that share it in each slot.

    `focal` is set if and only if the gravity is `focal`. `quality` and `effort` are by codec.
    `limits` has the slots whose own codec cannot be used, and why, of all slots. `allows_exact` is
    whether an exact WebP may be tried beside the file of a slot. `lazy` has the slots that no
    variant needs at upload.

    If the source is smaller than the widths of several rungs, they share a rendition: it is
    encoded once and has each name, so that every URL that the edge can produce exists.
    """

    fitted: Fitted
    gravity: Gravity
    focal: Focal | None
    quality: Mapping[str, int]
    effort: Mapping[str, int]
    names: Mapping[Slot, tuple[str, ...]]
    limits: Mapping[Slot, SlotLimit] = field(default_factory=dict)
    allows_exact: bool = True
    lazy: frozenset[Slot] = frozenset()

    @property
    def is_cropped_or_padded(self) -> bool:
        """Return whether the image is not just the resized source."""
        return self.fitted.canvas != self.fitted.resized

    @property
    def eager_slots(self) -> tuple[Slot, ...]:
        """Return the slots that are filled at upload, in the order of encoding.

        The fallback is first: a better slot may get its file.
        """
        return tuple(slot for slot in reversed(tuple(self.names)) if slot not in self.lazy)

    @property
    def lazy_slots(self) -> tuple[Slot, ...]:
        """Return the slots that are filled at the first request, in the order of encoding."""
        return tuple(slot for slot in reversed(tuple(self.names)) if slot in self.lazy)

    def has(self, variant: str, slot: Slot) -> bool:
        """Return whether a slot of a variant gets a file of this rendition."""
        return variant in self.names.get(slot, ())

    def compared_for(self, slot: Slot) -> tuple[Slot, ...]:
        """Return the slots that are compared to fill one of them, in the order of encoding.

        A lazy slot is compared with no other: it gets the file that it would have alone.
        """
        if slot in self.lazy:
            return (slot,)
        return self.eager_slots[: self.eager_slots.index(slot) + 1]

    def encoded_as(self, slot: Slot) -> Slot | None:
        """Return the slot whose codec a slot's file gets: its own, or that of a plainer slot.

        A slot is a promise of what the browser can read, so only later slots can stand in for it.
        `None` if none of them is within the limits.
        """
        slots = tuple(Slot)
        later = slots[slots.index(slot) :]
        return next((each for each in later if each not in self.limits), None)


def plan_renditions(
    recipe: Recipe,
    source: Size,
    *,
    frames: int = 1,
    focal: Focal | None = None,
    most_pixels: int | None = None,
) -> tuple[Rendition, ...]:
    """Return the renditions of a source, largest first: each can be resized from the one before.

    `source` is the upright size of one frame. `focal` is the source's focal point; without one,
    gravity `focal` means gravity `attention`. Rungs are made smaller to have at most
    `most_pixels`. Codecs that cannot hold sides as long are among the `limits` of a rendition.
    """
    groups: dict[tuple[Fitted, Gravity, Figures, Figures], list[Variant]] = {}
    for variant in recipe.variants:
        fitted = fit_into(source, variant.width, variant.height, variant.fit)
        fitted = fitted if most_pixels is None else fitted.within(most_pixels)
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
            lazy=_lazy(members),
            limits=_side_limits(fitted.canvas, is_animated=frames > 1),
        )
        for (fitted, gravity, quality, effort), members in groups.items()
    ]
    return tuple(sorted(renditions, key=lambda made: made.fitted.resized.pixels, reverse=True))


def smaller_sizes(renditions: Sequence[Rendition]) -> tuple[int, ...]:
    """Return the `most_pixels` to try, largest first, where a plan is over the limits."""
    pixels = renditions[0].fitted.resized.pixels
    return tuple(pixels * percent**2 // 100**2 for percent in SMALLER_PERCENTS)


def _side_limits(canvas: Size, *, is_animated: bool) -> Mapping[Slot, SlotLimit]:
    """Return the slots whose codec cannot hold a canvas; the fallback holds every canvas."""
    best = Codec.WEBP if is_animated else Codec.AVIF
    longest = max(canvas.width, canvas.height)
    codecs = {Slot.AVIF: best, Slot.WEBP: Codec.WEBP}
    return {slot: SlotLimit.SIDE for slot, codec in codecs.items() if longest > MAX_SIDE[codec]}


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


def _lazy(members: list[Variant]) -> frozenset[Slot]:
    eager = {slot for variant in members for slot in variant.slots if slot not in variant.lazy}
    return frozenset(slot for variant in members for slot in variant.lazy if slot not in eager)


def _frozen(figures: Mapping[str, int]) -> Figures:
    return tuple(sorted(figures.items()))
