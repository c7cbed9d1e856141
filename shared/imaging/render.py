"""Renders all variants of one source: decode once, resize rung by rung, encode per slot."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.canvas_files import CanvasFiles
from shared.imaging.canvases import Canvas, canvases
from shared.imaging.credit import read_credit
from shared.imaging.encoding.slots import SlotFile
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
from shared.model.lazy_file import LazyFile
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
    """The last result of a render: the manifest's facts of the source, and the placeholder.

    `lazy` are the lazy files that were not made, and `is_all_eager` is whether those that are no
    copies were made, too.
    """

    facts: SourceFacts
    placeholder: Placeholder | None
    lazy: tuple[LazyFile, ...] = ()
    is_all_eager: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """A source that is within the limits; no pixel of it has been decoded.

    `only` is the one variant and slot that is wanted, if not all are. `began_at` is the CPU time
    of this process when the work on the source began, in seconds. Without `may_be_lazy`, the lazy
    files are planned like the others.
    """

    data: bytes
    recipe: Recipe
    header: ImageHeader
    plan: RenderPlan
    overlay: Overlay
    limits: Limits
    began_at: float
    only: tuple[str, Slot] | None = None
    may_be_lazy: bool = True

    @property
    def facts(self) -> SourceFacts:
        """Return what the source's header declares."""
        return self.header.facts

    @property
    def reduction(self) -> Reduction:
        """Return how the limits reduce the render as a whole."""
        return self.plan.reduction

    @property
    def is_all_eager(self) -> bool:
        """Return whether the recipe's lazy files are made with the others, by the header."""
        has_lazy = bool(self.recipe.lazy_names()) and self.only is None
        return has_lazy and not self.may_be_lazy

    def render(self) -> Iterator[Encoded | Finished]:
        """Yield each file as soon as it is encoded and `Finished` last, or raise a `Failure`.

        If the eager files took so much CPU time that the lazy ones cannot be made on demand, these
        follow.
        """
        left_bytes = MAX_FILES_BYTES
        try:
            for result in self._results():
                if isinstance(result, Encoded):
                    left_bytes -= len(result.data)
                    _refuse_overrun(left_bytes)
                yield result
        except FAILURES as error:
            raise translated(error, "render") from error

    def _results(self) -> Iterator[Encoded | Finished]:
        with reading(self.plan.header.format, self.data, "render"):
            packet = read_credit(self.data, self.plan.header.format, self.recipe.metadata).packet
        files = CanvasFiles(self.recipe.background, packet, self.data)
        if self.only is not None:
            yield from self._alone(*self.only, files)
            return
        lazy, held = list[LazyFile](), dict[LazyFile, Encoded]()
        for canvas in self._canvases(self.plan.renditions):
            avif = None
            for file in files.eager(canvas):
                avif = file if file.slot is Slot.AVIF else avif
                yield _encoded(file, canvas.image)
            described = tuple(files.described(canvas, avif))
            lazy += described
            if self._is_costly():
                held |= {each: _made(each, canvas, files) for each in _to_render(described)}
            smallest = canvas.resized
            del canvas  # not to be held while the next one is drawn
        shown = placeholder(smallest, files.background) if self.recipe.placeholder else None
        makes_lazy = bool(_to_render(lazy)) and self._is_costly()
        if makes_lazy:
            # All canvases from the first costly one on have been used.
            yield from self._made_again(_to_render(lazy)[: -len(held) or None], files)
            yield from held.values()
            lazy = [each for each in lazy if each.copy_of]
        is_all_eager = self.is_all_eager or makes_lazy
        yield Finished(self._seen(smallest), shown, tuple(lazy), is_all_eager)

    def _is_costly(self) -> bool:
        """Return whether so much CPU time was spent that no file can be made on demand."""
        return time.process_time() - self.began_at >= self.limits.on_demand_cpu_seconds

    def _alone(self, variant: str, slot: Slot, files: CanvasFiles) -> Iterator[Encoded | Finished]:
        """Draw the canvases down to the one that is wanted, and yield its file."""
        renditions = self.plan.renditions
        last = next(at for at, each in enumerate(renditions) if each.has(variant, slot))
        # The last one only, not a list of all that lead to it.
        canvas = deque(self._canvases(renditions[: last + 1]), maxlen=1).pop()
        yield _encoded(files.one(canvas, slot), canvas.image)
        yield Finished(self._seen(canvas.resized), None)

    def _made_again(self, lazy: Sequence[LazyFile], files: CanvasFiles) -> Iterator[Encoded]:
        """Decode the source once more, and yield lazy files whose canvases are gone.

        They were drawn before the source was known to be costly, so its decode is not what costs.
        To keep each canvas would take memory from all sources.
        """
        left = deque(lazy)
        if not left:
            return
        for canvas in self._canvases(self.plan.renditions):
            while canvas.rendition.has(left[0].variants[0], left[0].slot):
                yield _made(left.popleft(), canvas, files)
                if not left:
                    return

    def _canvases(self, renditions: Sequence[Rendition]) -> Iterator[Canvas]:
        return canvases(
            self.data,
            self.plan.header,
            renditions,
            overlay=self.overlay.decoded(),
            background=self.recipe.background,
        )

    def _seen(self, picture: pyvips.Image) -> SourceFacts:
        """Return the facts; an alpha band that hid nothing was dropped at the decode."""
        return replace(self.facts, has_alpha=bool(picture.hasalpha()))


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
    began_at = time.process_time()
    header = probe(data)
    overlay = read_overlay(recipe.watermark, watermark)

    def held_beside(renditions: Sequence[Rendition], frames: int) -> int:
        return SOURCE_COPIES * len(data) + overlay.placed(renditions).memory_cost_bytes(frames)

    plan = plan_render(header, recipe, limits, focal=focal, held_beside=held_beside)
    fits_on_demand = plan.fits_on_demand(limits)
    if only is not None and not fits_on_demand:
        raise OnlyAtUpload(
            f"Expected a still picture of at most {limits.on_demand_memory_bytes >> 20} MB of "
            f"memory, got {plan.header.frames} frames of {plan.memory_bytes >> 20} MB.",
            stage="admit",
        )
    may_be_lazy = fits_on_demand and not plan.has_slow_lazy
    plan = plan if may_be_lazy else plan.all_eager()
    placed = overlay.placed(plan.renditions)
    return Accepted(data, recipe, header, plan, placed, limits, began_at, only, may_be_lazy)


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


def _to_render(lazy: Sequence[LazyFile]) -> list[LazyFile]:
    return [each for each in lazy if not each.copy_of]


def _made(lazy: LazyFile, canvas: Canvas, files: CanvasFiles) -> Encoded:
    return _encoded(files.one(canvas, lazy.slot), canvas.image)


def _refuse_overrun(left_bytes: int) -> None:
    if left_bytes < 0:
        raise TooCostly(
            f"Expected files of at most {MAX_FILES_BYTES >> 20} MB together, got more.",
            stage="encode",
        )


def _encoded(file: SlotFile, canvas: pyvips.Image) -> Encoded:
    width, height = canvas.width, canvas.get_page_height()
    return Encoded(
        file.variants, file.slot, file.codec, width, height, file.data, limit=file.limit
    )
