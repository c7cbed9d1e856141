"""The intermediate image from which the next smaller rung is resized.

A resize filter overshoots at hard edges, and 8 bits clip values below black and above white. One
resize hardly shows it. After four rungs, however, a page of text that was resized from rung to
rung scored 21 SSIMULACRA2 points less than one that was resized from the source. So an image with
much black or white is resized with headroom at both ends of its range, and a transparent image in
floating point. Photographs seldom reach either end and are resized as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyvips

from shared.imaging.resize import frame_count, frame_size, resized, shrink
from shared.model.geometry import Size

LEVELS = 255
# Levels left free at each end. Lanczos overshoots by a tenth of an edge's height along a line, and
# by a fifth in a corner.
HEADROOM_LEVELS = 32
SCALE = (LEVELS - 2 * HEADROOM_LEVELS) / LEVELS
# A pixel is extreme within this distance of black or white: scanned paper is seldom quite white.
EXTREME_LEVELS = 8
# From this share of extreme pixels on, headroom gains more than its rounding costs. None of seven
# measured photographs had more than 17 %.
EXTREME_SHARE = 0.2
SAMPLE_STEP = 8  # every eighth pixel of every eighth line is counted


class Intermediate(Protocol):
    """An image between two rungs, in memory."""

    def shrunk(self, size: Size) -> "Intermediate":
        """Return the image at `size`, the size of one frame, in memory."""
        ...

    def to_srgb(self) -> pyvips.Image:
        """Return the image that is encoded: sRGB, 8 bits, three bands or four."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """An opaque image or a strip of frames: sRGB, 8 bits, full range."""

    image: pyvips.Image

    def shrunk(self, size: Size) -> "Plain":
        """Return the image at `size`, the size of one frame, in memory."""
        return Plain(shrink(self.image, size))

    def to_srgb(self) -> pyvips.Image:
        """Return the image itself."""
        return self.image


@dataclass(frozen=True, slots=True)
class Headroom:
    """An opaque 8-bit image, compressed into the levels from 32 to 223.

    `full_range` is the same image before the compression, if it is known.
    """

    image: pyvips.Image
    full_range: pyvips.Image | None = None

    @classmethod
    def of(cls, image: pyvips.Image) -> "Headroom":
        """Compress an opaque 8-bit image; lazy."""
        compressed = image.maplut(_lookup(lambda level: HEADROOM_LEVELS + level * SCALE))
        return cls(compressed.copy(interpretation=image.interpretation), image)

    def shrunk(self, size: Size) -> "Headroom":
        """Return the image at `size`, in memory."""
        smaller = shrink(self.image, size)
        return self if smaller is self.image else Headroom(smaller)

    def to_srgb(self) -> pyvips.Image:
        """Return the image with its full range; overshoot is clipped."""
        if self.full_range is not None:
            return self.full_range
        expanded = self.image.maplut(_lookup(lambda level: (level - HEADROOM_LEVELS) / SCALE))
        return expanded.copy(interpretation="srgb").copy_memory()


@dataclass(frozen=True, slots=True)
class Premultiplied:
    """A still image with alpha: floating point, colours multiplied by their alpha."""

    image: pyvips.Image

    @classmethod
    def of(cls, image: pyvips.Image) -> "Premultiplied":
        """Premultiply an sRGB image with alpha; lazy."""
        return cls(image.premultiply())

    def shrunk(self, size: Size) -> "Premultiplied":
        """Return the image at `size`, in memory."""
        if frame_size(self.image) == size:
            return Premultiplied(self.image.copy_memory())
        return Premultiplied(resized(self.image, size).copy_memory())

    def to_srgb(self) -> pyvips.Image:
        """Return the image with straight alpha, rounded to 8 bits."""
        straight = self.image.unpremultiply().rint().cast("uchar")
        return straight.copy(interpretation="srgb").copy_memory()


def in_cascade(image: pyvips.Image) -> Intermediate:
    """Return an 8-bit sRGB image, or a strip of frames, in the form that suits its content.

    A still image with alpha becomes `Premultiplied`, and an opaque one with much black or white
    `Headroom`. All others become `Plain`.
    """
    if frame_count(image) > 1:
        return Plain(image)
    if image.hasalpha():
        return Premultiplied.of(image)
    return Headroom.of(image) if has_extremes(image) else Plain(image)


def has_extremes(image: pyvips.Image) -> bool:
    """Return whether much of an opaque image is black or white, as in drawings and screenshots.

    Always false for other sample formats than 8 bits.
    """
    if image.format != "uchar":
        return False
    sample = image.subsample(min(SAMPLE_STEP, image.width), min(SAMPLE_STEP, image.height))
    extremes = (sample <= EXTREME_LEVELS) | (sample >= LEVELS - EXTREME_LEVELS)
    return bool(extremes.avg() >= EXTREME_SHARE * LEVELS)


def _lookup(change: Callable[[int], float]) -> pyvips.Image:
    """Return a lookup table of 256 levels; results are clipped to 0 and 255."""
    levels = [min(LEVELS, max(0, round(change(level)))) for level in range(LEVELS + 1)]
    return pyvips.Image.new_from_array([levels]).cast("uchar")
