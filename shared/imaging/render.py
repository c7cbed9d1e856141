"""Renders all variants of one source: decode once, resize rung by rung, encode per slot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.credit import read_credit
from shared.imaging.crop import crop_or_pad
from shared.imaging.encoding.content import Content
from shared.imaging.encoding.slots import SlotFile, fill_slots
from shared.imaging.intake.memory_cost import SOURCE_COPIES
from shared.imaging.intake.probe import ImageHeader, probe
from shared.imaging.intake.render_plan import RenderPlan, plan_render
from shared.imaging.load import load
from shared.imaging.placeholder import placeholder
from shared.imaging.reading import reading
from shared.imaging.vips import FAILURES, translated
from shared.imaging.watermark import Overlay, read_overlay
from shared.model.codec import Codec
from shared.model.errors import TooCostly
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
    """A source that is within the limits; no pixel of it has been decoded."""

    data: bytes
    recipe: Recipe
    header: ImageHeader
    plan: RenderPlan
    overlay: Overlay

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
        kept, renditions = self.plan.header, self.plan.renditions
        background, left_bytes = self.recipe.background, MAX_FILES_BYTES
        try:
            with reading(kept.format, self.data, "render"):
                packet = read_credit(self.data, kept.format, self.recipe.metadata).packet
            overlay = self.overlay.decoded()
            held = load(self.data, kept, renditions[0].fitted.resized)
            is_photograph = False
            for rendition in renditions:
                held = held.shrunk(rendition.fitted.resized)
                picture = held.to_srgb()
                # Cropping and watermark apply to a copy: the next rung is resized from `held`.
                canvas = overlay.draw_on(crop_or_pad(picture, rendition, background))
                # A crop may show a drawn part of a photograph, and padding is flat.
                is_uncropped = not rendition.is_cropped_or_padded
                content = Content(canvas, is_photograph=is_photograph and is_uncropped)
                for file in fill_slots(
                    content, rendition, background=background, packet=packet, source=self.data
                ):
                    left_bytes -= len(file.data)
                    _refuse_overrun(left_bytes)
                    yield _encoded(file, canvas)
                is_photograph = is_photograph or (is_uncropped and content.stays_photograph)
            shown = placeholder(picture, background) if self.recipe.placeholder else None
        except FAILURES as error:
            raise translated(error, "render") from error
        # An alpha band that hid nothing was dropped when the picture was loaded.
        yield Finished(replace(self.facts, has_alpha=bool(picture.hasalpha())), shown)


def accept(
    data: bytes,
    recipe: Recipe,
    limits: Limits,
    *,
    focal: Focal | None = None,
    watermark: bytes = b"",
) -> Accepted:
    """Return a source that may be rendered, or raise a `Failure`.

    `data` is the source file, `focal` its focal point, `watermark` the file of the recipe's
    watermark.
    """
    header = probe(data)
    overlay = read_overlay(recipe.watermark, watermark)

    def held_beside(renditions: Sequence[Rendition], frames: int) -> int:
        return SOURCE_COPIES * len(data) + overlay.placed(renditions).memory_cost_bytes(frames)

    plan = plan_render(header, recipe, limits, focal=focal, held_beside=held_beside)
    return Accepted(data, recipe, header, plan, overlay.placed(plan.renditions))


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
