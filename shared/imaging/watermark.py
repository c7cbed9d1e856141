"""Lays a recipe's watermark over a picture, on a copy: rungs and placeholder never show it.

A mark is an image from outside like any source, and it may be as broken. But then it is not the
fault of the source that is being rendered, so all its failures are `WatermarkUnusable`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.intake.cost_limits import refuse_odd_shapes
from shared.imaging.intake.probe import ImageHeader, probe
from shared.imaging.load import load
from shared.imaging.resize import frame_count, shrink
from shared.imaging.vips import FAILURES, translated
from shared.model.errors import Failure, TooCostly, WatermarkUnusable
from shared.model.geometry import MAX_SIDE, Size
from shared.model.recipe import Animation, Watermark
from shared.model.renditions import Rendition
from shared.model.watermark_placement import Placement, placement

# It stands on a part of a variant: with more it would be a picture of its own, decoded each time.
MAX_PIXELS = 4_000_000
OPAQUE = 255
RGBA_BANDS = 4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A watermark and its place on each canvas, by the canvas's size; without places it is none.

    `mark` is there once it has been decoded.
    """

    places: Mapping[Size, Placement]
    opacity: float = 1.0
    data: bytes = b""
    header: ImageHeader | None = None
    mark: pyvips.Image | None = None

    @property
    def _largest(self) -> Size | None:
        sizes = [place.size for place in self.places.values()]
        return max(sizes, key=lambda size: size.pixels, default=None)

    def memory_cost_bytes(self, frames: int) -> int:
        """Return the memory that the mark takes beside an image of so many frames.

        It is held as decoded and as scaled, and then blended once a frame.
        """
        if not (self.header and self._largest):
            return 0
        return RGBA_BANDS * (2 * self.header.stored.pixels + frames * self._largest.pixels)

    def decoded(self) -> "Overlay":
        """Return the stamp with its mark in memory, as large as its largest place."""
        if not (self.header and self._largest):
            return self
        with _blaming_the_mark():
            mark = load(self.data, self.header, self._largest).to_srgb()
        return replace(self, data=b"", mark=_with_opacity(mark, self.opacity))

    def on(self, picture: pyvips.Image) -> pyvips.Image:
        """Return the picture with the mark on every frame: same size, bands and timing.

        Lazy: only the mark's own area is computed, the rest is the picture's memory.
        """
        height, count = picture.get_page_height(), frame_count(picture)
        where = self.places.get(Size(picture.width, height))
        if where is None:
            return picture
        frames = [picture.crop(0, at * height, picture.width, height) for at in range(count)]
        marked = _blended(frames, shrink(self.mark, where.size), where)
        return marked[0] if count == 1 else pyvips.Image.arrayjoin(marked, across=1)


def read_overlay(
    watermark: Watermark | None, data: bytes, renditions: Sequence[Rendition]
) -> Overlay:
    """Return what is to be drawn; `WatermarkUnusable` if that is nothing that we can draw."""
    if watermark is None:
        return Overlay({})
    with _blaming_the_mark():
        header = probe(data).for_recipe(Animation.FIRST_FRAME)
        refuse_odd_shapes(header)
    longest = max(header.stored.width, header.stored.height)
    if header.stored.pixels > MAX_PIXELS or longest > MAX_SIDE:
        raise WatermarkUnusable(
            f"Expected a watermark of at most {MAX_PIXELS} pixels and {MAX_SIDE} a side, "
            f"got {header.stored.width}x{header.stored.height}.",
            stage="watermark",
        )
    canvases = {rendition.fitted.canvas for rendition in renditions}
    places = {canvas: placement(watermark, header.upright, canvas) for canvas in canvases}
    drawn = {canvas: found for canvas, found in places.items() if found}
    return Overlay(drawn, watermark.opacity, data, header)


def _blended(
    frames: Sequence[pyvips.Image], mark: pyvips.Image, where: Placement
) -> list[pyvips.Image]:
    """Return every frame with the mark over it; all are blended at once, one above the other."""
    width, height = mark.width, mark.height
    below = pyvips.Image.arrayjoin(
        [frame.crop(where.left, where.top, width, height) for frame in frames], across=1
    )
    # In floating point, because libvips cuts fractions off: under a clear mark it would darken.
    marks = mark.replicate(1, len(frames)).cast("float")
    both = below.cast("float").composite2(marks, "over")
    patches = both.extract_band(0, n=below.bands).rint().cast("uchar").copy_memory()
    return [
        frame.insert(patches.crop(0, at * height, width, height), where.left, where.top)
        for at, frame in enumerate(frames)
    ]


def _with_opacity(mark: pyvips.Image, opacity: float) -> pyvips.Image:
    if mark.hasalpha():
        mark = (mark * [1, 1, 1, opacity]).rint().cast("uchar")
    else:
        mark = mark.bandjoin(round(OPAQUE * opacity))
    return mark.copy(interpretation="srgb").copy_memory()


@contextmanager
def _blaming_the_mark() -> Iterator[None]:
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
