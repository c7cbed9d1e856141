"""Draws a recipe's watermark on a copy of an image; later rungs and the placeholder stay clean.

A watermark file may be as broken as any source. But that is not the fault of the source that is
being rendered, so every failure of a watermark is `WatermarkUnusable`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pyvips

from shared.imaging.intake.cost_limits import refuse_odd_shapes
from shared.imaging.intake.probe import ImageHeader, probe
from shared.imaging.load import load
from shared.imaging.resize import frame_count, shrink
from shared.imaging.vips import FAILURES, translated
from shared.model.errors import Failure, TooCostly, WatermarkUnusable
from shared.model.geometry import Size
from shared.model.recipe import Watermark
from shared.model.renditions import Rendition
from shared.model.watermark_placement import Placement, placement

# The watermark is decoded for every source, and covers a part of a variant only.
MAX_PIXELS, MAX_SIDE = 4_000_000, 16_383
OPAQUE = 255
RGBA_BANDS = 4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A watermark and its placement by canvas size; canvases without a placement get none.

    There are no placements before `placed`, and no `image`, the decoded watermark, before
    `decoded`.
    """

    watermark: Watermark | None = None
    data: bytes = b""
    header: ImageHeader | None = None
    placements: Mapping[Size, Placement] = field(default_factory=dict)
    image: pyvips.Image | None = None

    @property
    def _largest(self) -> Size | None:
        sizes = [placed.size for placed in self.placements.values()]
        return max(sizes, key=lambda size: size.pixels, default=None)

    def memory_cost_bytes(self, frames: int) -> int:
        """Return the memory in bytes that drawing on an image of this many frames takes.

        The watermark is held as decoded and as scaled, and then blended once per frame.
        """
        if not (self.header and self._largest):
            return 0
        return RGBA_BANDS * (2 * self.header.stored.pixels + frames * self._largest.pixels)

    def placed(self, renditions: Sequence[Rendition]) -> "Overlay":
        """Return the overlay with its placements on the canvases of the renditions."""
        if not (self.header and self.watermark):
            return self
        canvases = {rendition.fitted.canvas for rendition in renditions}
        upright, wanted = self.header.upright, self.watermark
        found = {canvas: placement(wanted, upright, canvas) for canvas in canvases}
        placements = {canvas: where for canvas, where in found.items() if where}
        return replace(self, placements=placements)

    def decoded(self) -> "Overlay":
        """Return the overlay with its watermark decoded at the size of its largest placement."""
        if not (self.header and self.watermark and self._largest):
            return self
        with _failures_are_of_the_watermark():
            image = load(self.data, self.header, self._largest).to_srgb()
        return replace(self, data=b"", image=_with_opacity(image, self.watermark.opacity))

    def draw_on(self, canvas: pyvips.Image) -> pyvips.Image:
        """Return the canvas with the watermark on every frame: same size, bands and timing.

        Lazy: only the pixels under the watermark are computed, the others are shared.
        """
        height, count = canvas.get_page_height(), frame_count(canvas)
        placed = self.placements.get(Size(canvas.width, height))
        if placed is None:
            return canvas
        frames = [canvas.crop(0, at * height, canvas.width, height) for at in range(count)]
        drawn = _blended(frames, shrink(self.image, placed.size), placed)
        return drawn[0] if count == 1 else pyvips.Image.arrayjoin(drawn, across=1)


def read_overlay(watermark: Watermark | None, data: bytes) -> Overlay:
    """Return the overlay of a recipe's watermark, or one that draws nothing without a watermark.

    `data` is the watermark's file. Raises `WatermarkUnusable` if it is too large or no image that
    can be rendered.
    """
    if watermark is None:
        return Overlay()
    with _failures_are_of_the_watermark():
        header = probe(data).first_frame()
        refuse_odd_shapes(header)
    longest = max(header.stored.width, header.stored.height)
    if header.stored.pixels > MAX_PIXELS or longest > MAX_SIDE:
        raise WatermarkUnusable(
            f"Expected a watermark of at most {MAX_PIXELS} pixels and {MAX_SIDE} a side, "
            f"got {header.stored.width}x{header.stored.height}.",
            stage="watermark",
        )
    return Overlay(watermark, data, header)


def _blended(
    frames: Sequence[pyvips.Image], watermark: pyvips.Image, placed: Placement
) -> list[pyvips.Image]:
    """Return every frame with the watermark over it; one blend covers all frames."""
    width, height = watermark.width, watermark.height
    below = pyvips.Image.arrayjoin(
        [frame.crop(placed.left, placed.top, width, height) for frame in frames], across=1
    )
    # In floating point: libvips truncates, which would darken what a transparent pixel covers.
    above = watermark.replicate(1, len(frames)).cast("float")
    both = below.cast("float").composite2(above, "over")
    patches = both.extract_band(0, n=below.bands).rint().cast("uchar").copy_memory()
    return [
        frame.insert(patches.crop(0, at * height, width, height), placed.left, placed.top)
        for at, frame in enumerate(frames)
    ]


def _with_opacity(image: pyvips.Image, opacity: float) -> pyvips.Image:
    if image.hasalpha():
        image = (image * [1, 1, 1, opacity]).rint().cast("uchar")
    else:
        image = image.bandjoin(round(OPAQUE * opacity))
    return image.copy(interpretation="srgb").copy_memory()


@contextmanager
def _failures_are_of_the_watermark() -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        raise _unusable(failure) from failure
    except FAILURES as error:
        raise _unusable(translated(error, "watermark")) from error
    except MemoryError as error:
        raise _unusable(TooCostly("The child ran out of memory.")) from error


def _unusable(failure: Failure) -> WatermarkUnusable:
    return WatermarkUnusable(
        f"Expected a watermark that can be drawn, got {failure}", stage="watermark"
    )
