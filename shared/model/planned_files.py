"""Plans the files of a source, and how large they may be, from what its header declares.

The render child makes them, and its parent accepts no others: an image may have taken over the
child, which can then send anything.
"""

from dataclasses import dataclass, replace

from shared.model.focal import Focal
from shared.model.geometry import Size
from shared.model.limits import MEBIBYTE
from shared.model.manifest import SourceFacts
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import Reduction, SlotLimit
from shared.model.renditions import plan_renditions

# All files of one source. The worker holds them until they are stored, beside three sources of
# `PIXFLEET_MAX_BYTES` and a child, in the 1,769 MB of a Lambda function with one vCPU.
MAX_FILES_BYTES = 192 * MEBIBYTE
# Twice what any encoder makes of noise: AVIF of quality 100 takes 7.4 bytes a pixel with alpha.
MAX_BYTES_PER_PIXEL = 16
# The containers: boxes, chunks, tables, and the XMP packet with copyright and creator.
FILE_OVERHEAD_BYTES = 64 * 1024
FRAME_OVERHEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file, and the names of the variants that share it in its slot.

    `size` is that of one frame, in pixels, and `max_bytes` the most that its codec can need.
    `limit` is `SIDE` if the slot's own codec cannot hold the size. If it would cost too much
    memory, only the child knows, which knows all of the header. `rendition` is the number of the
    rendition that the file shows. An `is_lazy` file is made at the first request.
    """

    variants: tuple[str, ...]
    slot: Slot
    size: Size
    max_bytes: int
    limit: SlotLimit | None = None
    rendition: int = 0
    is_lazy: bool = False


def plan_files(
    recipe: Recipe,
    facts: SourceFacts,
    reduction: Reduction,
    focal: Focal | None = None,
    *,
    only: tuple[str, Slot] | None = None,
) -> tuple[PlannedFile, ...]:
    """Return the files of a source in the order in which they are encoded.

    The lazy files come last. `only` is the one variant and slot that is wanted; then its file is
    the only one, and not lazy.
    """
    upright = Size(facts.width, facts.height)
    frames = 1 if reduction.still else facts.frames
    renditions = plan_renditions(
        recipe, upright, frames=frames, focal=focal, most_pixels=reduction.most_pixels
    )
    planned = [
        PlannedFile(
            rendition.names[slot],
            slot,
            canvas,
            _max_bytes(canvas, frames),
            rendition.limits.get(slot),
            rendition=number,
            is_lazy=slot in rendition.lazy,
        )
        for number, rendition in enumerate(renditions)
        for canvas in [rendition.fitted.canvas]
        for slot in (*rendition.eager_slots, *rendition.lazy_slots)
    ]
    if only is None:
        return tuple(sorted(planned, key=lambda file: file.is_lazy))
    variant, slot = only
    wanted = (file for file in planned if variant in file.variants and file.slot is slot)
    return tuple(replace(file, is_lazy=False) for file in wanted)


def _max_bytes(canvas: Size, frames: int) -> int:
    each = canvas.pixels * MAX_BYTES_PER_PIXEL + FRAME_OVERHEAD_BYTES
    return frames * each + FILE_OVERHEAD_BYTES
