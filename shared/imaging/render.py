"""Renders all variants of one source: decode once, resize rung by rung, encode per slot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pyvips

from shared.imaging.canvases import Canvas, canvases
from shared.imaging.credit import read_credit
from shared.imaging.encoding.slots import SlotFile, fill_slots
from shared.imaging.intake.memory_cost import SOURCE_COPIES
from shared.imaging.intake.probe import ImageHeader, probe
from shared.imaging.intake.render_plan import RenderPlan, plan_render
from shared.imaging.placeholder import placeholder
from shared.imaging.reading import reading
from shared.imaging.vips import FAILURES, translated
from shared.imaging.watermark import Overlay, read_overlay
from shared.model.codec import Codec
from shared.model.errors import OnlyAtUpload, TooCostly
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.planned_files import MAX_FILES_BYTES
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import Reduction, SlotLimit
from shared.model.renditions import Rendition


@dataclass(frozen=True, slots=True)
class Encoded:
    """One encoded file, and the names of the variants that share it in one slot.

    Width and height are in pixels, of one frame. `limit` is why the slot cannot have a file of its
    own codec.
    """

    variants: tuple[str, ...]
    slot: Slot
    codec: Codec
    width: int
    height: int
    data: bytes
    limit: SlotLimit | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last result of a render: the manifest's facts of the source, and the placeholder."""

    facts: SourceFacts
    placeholder: Placeholder | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A source that is within the limits; no pixel of it has been decoded.

    `only` is the one variant and slot that is wanted, if not all are.
    """

    data: bytes
    recipe: Recipe
    header: ImageHeader
    plan: RenderPlan
    overlay: Overlay
    only: tuple[str, Slot] | None = None

    @property
    def facts(self) -> SourceFacts:
        """Return what the source's header declares."""
        return self.header.facts

    @property
    def reduction(self) -> Reduction:
        """Return how the limits reduce the render as a whole."""
        return self.plan.reduction

    def render(self) -> Iterator[Encoded | Finished]:
        """Yield each file as soon as it is encoded and `Finished` last, or raise a `Failure`."""
        try:
            yield from self._rendered()
        except FAILURES as error:
            raise translated(error, "render") from error

    def _rendered(self) -> Iterator[Encoded | Finished]:
        kept, background, left_bytes = self.plan.header, self.recipe.background, MAX_FILES_BYTES
        with reading(kept.format, self.data, "render"):
            packet = read_credit(self.data, kept.format, self.recipe.metadata).packet
        for canvas in canvases(
            self.data,
            kept,
            self._renditions(),
            overlay=self.overlay.decoded(),
            background=background,
        ):
            for file in self._files(canvas, packet):
                left_bytes -= len(file.data)
                _refuse_overrun(left_bytes)
                yield _encoded(file, canvas.image)
            smallest = canvas.resized
            del canvas  # not to be held while the next one is drawn
        is_wanted = self.recipe.placeholder and self.only is None
        shown = placeholder(smallest, background) if is_wanted else None
        # An alpha band that hid nothing was dropped when the picture was loaded.
        has_alpha = bool(smallest.hasalpha())
        yield Finished(replace(self.facts, has_alpha=has_alpha), shown)

    def _renditions(self) -> tuple[Rendition, ...]:
        """Return the renditions to draw: all, or those down to the one that is wanted."""
        renditions = self.plan.renditions
        if self.only is None:
            return renditions
        last = next(at for at, each in enumerate(renditions) if each.has(*self.only))
        return renditions[: last + 1]

    def _files(self, canvas: Canvas, packet: bytes) -> Iterator[SlotFile]:
        """Yield the files of a canvas, or the wanted one if the canvas has it."""
        fill = partial(
            fill_slots,
            canvas.content,
            canvas.rendition,
            background=self.recipe.background,
            packet=packet,
            source=self.data,
        )
        if self.only is None:
            yield from fill(canvas.rendition.slots)
        elif canvas.rendition.has(*self.only):
            *_, wanted = fill(canvas.rendition.compared_for(self.only[1]))
            yield wanted


def accept(
    data: bytes,
    recipe: Recipe,
    limits: Limits,
    *,
    focal: Focal | None = None,
    watermark: bytes = b"",
    only: tuple[str, Slot] | None = None,
) -> Accepted:
    """Return a source that may be rendered, or raise a `Failure`.

    `data` is the source file, `focal` its focal point, `watermark` the file of the recipe's
    watermark. `only` is the one variant and slot of the recipe to make. Its file has the bytes
    that it has beside all others, and `OnlyAtUpload` refuses a source that moves or takes much
    memory.
    """
    header = probe(data)
    overlay = read_overlay(recipe.watermark, watermark)

    def held_beside(renditions: Sequence[Rendition], frames: int) -> int:
        return SOURCE_COPIES * len(data) + overlay.placed(renditions).memory_cost_bytes(frames)

    plan = plan_render(header, recipe, limits, focal=focal, held_beside=held_beside)
    if only is not None and not plan.fits_on_demand(limits):
        raise OnlyAtUpload(
            f"Expected a still picture of at most {limits.on_demand_memory_bytes >> 20} MB of "
            f"memory, got {plan.header.frames} frames of {plan.memory_bytes >> 20} MB.",
            stage="admit",
        )
    return Accepted(data, recipe, header, plan, overlay.placed(plan.renditions), only)


def render(
    data: bytes,
    recipe: Recipe,
    limits: Limits,
    *,
    focal: Focal | None = None,
    watermark: bytes = b"",
) -> Iterator[Encoded | Finished]:
    """Accept a source and yield each file as soon as it is encoded, and `Finished` last."""
    yield from accept(data, recipe, limits, focal=focal, watermark=watermark).render()


def _refuse_overrun(left_bytes: int) -> None:
    if left_bytes < 0:
        raise TooCostly(
            f"Expected files of at most {MAX_FILES_BYTES >> 20} MB together, got more.",
            stage="render",
        )


def _encoded(file: SlotFile, canvas: pyvips.Image) -> Encoded:
    width, height = canvas.width, canvas.get_page_height()
    return Encoded(
        file.variants, file.slot, file.codec, width, height, file.data, limit=file.limit
    )
