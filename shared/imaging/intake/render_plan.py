"""Plans the best render of a source that is within the limits, before a pixel is decoded.

An encoder that would cost too much memory costs a slot its codec, not the source its variants: see
`Rendition.encoded_as`. An animation stands still rather than being refused, and a rung that no
encoder can hold is made smaller. Only a source for which none of this helps is refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.imaging.intake.cost_limits import refuse_odd_shapes, refuse_too_many_pixels
from shared.imaging.intake.cpu_cost import encoding_seconds
from shared.imaging.intake.memory_cost import (
    FIXED_BYTES,
    decoding_cost_bytes,
    encoding_cost_bytes,
    exact_cost_bytes,
    lasting_cost_bytes,
    memory_cost_bytes,
)
from shared.imaging.intake.probe import ImageHeader
from shared.model.animations import why_still
from shared.model.errors import TooCostly
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import Reduction, SlotLimit, Still
from shared.model.renditions import Rendition, plan_renditions, smaller_sizes

# The encoder of a file that is made on demand may take so much CPU time. The renderer has 15 s
# for a render, and the decode takes the rest.
MAX_LAZY_SECONDS = 6.0

# Returns the memory in bytes that a number of frames of the renditions take beside the image.
HeldBeside = Callable[[Sequence[Rendition], int], int]


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """What is made of a source; `header` describes the part that is loaded.

    That is all frames or the first. The limits of the renditions have the codecs that cannot be
    used. `memory_bytes` is what the render takes, with the copies of the source file.
    """

    header: ImageHeader
    renditions: tuple[Rendition, ...]
    reduction: Reduction
    memory_bytes: int = 0

    def all_eager(self) -> "RenderPlan":
        """Return the plan in which every file is made at upload."""
        eager = tuple(replace(each, lazy=frozenset()) for each in self.renditions)
        return replace(self, renditions=eager)

    def fits_on_demand(self, limits: Limits) -> bool:
        """Return whether one variant may be rendered on demand: nothing moves, memory is enough.

        The whole plan counts, so that the answer is the same for every variant.
        """
        return not self.header.is_animated and self.memory_bytes <= limits.on_demand_memory_bytes

    @property
    def has_slow_lazy(self) -> bool:
        """Return whether the encoder of a lazy file may take too long to be waited for."""
        return any(
            encoding_seconds(rendition, slot) > MAX_LAZY_SECONDS
            for rendition in self.renditions
            for slot in rendition.lazy_slots
        )


def plan_render(
    header: ImageHeader,
    recipe: Recipe,
    limits: Limits,
    *,
    focal: Focal | None = None,
    held_beside: HeldBeside = lambda _renditions, _frames: 0,
) -> RenderPlan:
    """Return the first plan within the limits: moving, still, then with ever smaller rungs.

    Raises a permanent failure if none is.
    """
    refuse_odd_shapes(header)
    refuse_too_many_pixels(header, limits.max_pixels)
    for plan in _from_best(header, recipe, limits, focal):
        beside_bytes = held_beside(plan.renditions, plan.header.frames)
        renditions = _within_memory(plan, limits.memory_bytes - beside_bytes)
        if renditions:
            needed = memory_cost_bytes(plan.header, renditions) + beside_bytes
            return replace(plan, renditions=renditions, memory_bytes=needed)
        if not plan.header.is_animated and not _can_be_decoded(plan.header, limits):
            break  # smaller rungs are in vain
    needed = memory_cost_bytes(plan.header, _plainest(plan.renditions)) + beside_bytes
    raise TooCostly(
        f"Expected at most {limits.memory_bytes >> 20} MB of memory, "
        f"got {needed >> 20} MB for {header.format}.",
        stage="admit",
    )


def _from_best(
    header: ImageHeader, recipe: Recipe, limits: Limits, focal: Focal | None
) -> Iterator[RenderPlan]:
    """Yield the plans of a source as if memory had no limit, the best first."""
    still = why_still(recipe, limits, header.facts)
    if header.is_animated and still is None:
        moving = plan_renditions(recipe, header.upright, frames=header.frames, focal=focal)
        yield RenderPlan(header, moving, Reduction())
        still = Still.MEMORY
    first = header.first_frame()
    renditions = plan_renditions(recipe, first.upright, focal=focal)
    yield RenderPlan(first, renditions, Reduction(still))
    for pixels in smaller_sizes(renditions):
        smaller = plan_renditions(recipe, first.upright, focal=focal, most_pixels=pixels)
        yield RenderPlan(first, smaller, Reduction(still, pixels))


def _can_be_decoded(header: ImageHeader, limits: Limits) -> bool:
    return decoding_cost_bytes(header) + FIXED_BYTES <= limits.memory_bytes


def _within_memory(plan: RenderPlan, memory_bytes: int) -> tuple[Rendition, ...]:
    """Return the renditions with the limits that the memory sets; empty if it is not enough."""
    header = plan.header
    left_bytes = memory_bytes - lasting_cost_bytes(header, plan.renditions)
    if decoding_cost_bytes(header) > left_bytes:
        return ()
    limited = tuple(_limited(header, rendition, left_bytes) for rendition in plan.renditions)
    can_be_made = all(each.encoded_as(slot) for each in limited for slot in each.names)
    return limited if can_be_made else ()


def _limited(header: ImageHeader, rendition: Rendition, left_bytes: int) -> Rendition:
    over: Mapping[Slot, SlotLimit] = {
        slot: SlotLimit.MEMORY
        for slot in Slot
        if encoding_cost_bytes(header, rendition, slot) > left_bytes
    }
    limits = {**over, **rendition.limits}
    exact = Slot.WEBP not in limits and exact_cost_bytes(header, rendition) <= left_bytes
    return replace(rendition, limits=limits, allows_exact=exact)


def _plainest(renditions: Sequence[Rendition]) -> tuple[Rendition, ...]:
    best = {Slot.AVIF: SlotLimit.MEMORY, Slot.WEBP: SlotLimit.MEMORY}
    return tuple(replace(each, limits=best, allows_exact=False) for each in renditions)
