"""The picture between two rungs: each rung is made from the next larger, without its losses.

A good filter overshoots at hard edges, and eight bits cut off what goes below black or above
white. Once, that hardly shows. But after four rungs a page of text, made from its neighbour,
scored 21 points of SSIMULACRA2 less than one made from the source. So a picture with much black or
white is made smaller with room for the overshoot, and a transparent one in floating point. A
photograph seldom comes near the ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyvips

from shared.imaging.resize import frame_count, frame_size, resized, shrink
from shared.model.geometry import Size

LEVELS = 255
# Lanczos overshoots by a tenth of an edge along a line, and by a fifth in a corner.
ROOM = 32
SCALE = (LEVELS - 2 * ROOM) / LEVELS
# Counted on every eighth pixel of every eighth line: what lies so near black or white, and how
# much of it there must be before the room for overshoot is worth the rounding that it brings.
# Paper is seldom quite white; of seven photographs at hand none had more than 17 %.
NEAR_THE_ENDS = 8
CROWDED_SHARE = 0.2
SAMPLED = 8


class Intermediate(Protocol):
    """A picture on its way down the ladder."""

    def shrunk(self, size: Size) -> "Intermediate":
        """Return it at a smaller size, in memory."""
        ...

    def to_srgb(self) -> pyvips.Image:
        """Return what a viewer sees: sRGB, 8 bits, three bands or four."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """Eight bits as they are; a strip of frames as well."""

    image: pyvips.Image

    def shrunk(self, size: Size) -> "Plain":
        """Return it at a smaller size, in memory."""
        return Plain(shrink(self.image, size))

    def to_srgb(self) -> pyvips.Image:
        """Return the image itself."""
        return self.image


@dataclass(frozen=True, slots=True)
class Headroom:
    """Eight bits of which black and white leave the outermost `ROOM` levels free.

    `whole` is the image with its full range, where it is there already.
    """

    image: pyvips.Image
    whole: pyvips.Image | None = None

    @classmethod
    def of(cls, image: pyvips.Image) -> "Headroom":
        """Take an opaque image in."""
        narrow = image.maplut(_line(lambda level: ROOM + level * SCALE))
        return cls(narrow.copy(interpretation=image.interpretation), image)

    def shrunk(self, size: Size) -> "Headroom":
        """Return it at a smaller size, in memory."""
        smaller = shrink(self.image, size)
        return self if smaller is self.image else Headroom(smaller)

    def to_srgb(self) -> pyvips.Image:
        """Return the image with its full range, overshoot cut off."""
        if self.whole is not None:
            return self.whole
        whole = self.image.maplut(_line(lambda level: (level - ROOM) / SCALE))
        return whole.copy(interpretation="srgb").copy_memory()


@dataclass(frozen=True, slots=True)
class Premultiplied:
    """Colours that count as much as their alpha, in floating point."""

    image: pyvips.Image

    @classmethod
    def of(cls, image: pyvips.Image) -> "Premultiplied":
        """Take an image with alpha in."""
        return cls(image.premultiply())

    def shrunk(self, size: Size) -> "Premultiplied":
        """Return it at a smaller size, in memory."""
        if frame_size(self.image) == size:
            return Premultiplied(self.image.copy_memory())
        return Premultiplied(resized(self.image, size).copy_memory())

    def to_srgb(self) -> pyvips.Image:
        """Return the image with its colours at full strength."""
        whole = self.image.unpremultiply().rint().cast("uchar")
        return whole.copy(interpretation="srgb").copy_memory()


def in_cascade(image: pyvips.Image) -> Intermediate:
    """Return the form in which an image in sRGB loses nothing on its way down."""
    if frame_count(image) > 1:
        return Plain(image)
    if image.hasalpha():
        return Premultiplied.of(image)
    return Headroom.of(image) if has_extremes(image) else Plain(image)


def has_extremes(image: pyvips.Image) -> bool:
    """Say whether much of an opaque image is black or white: a drawing, a page, a screenshot."""
    if image.format != "uchar":
        return False
    sample = image.subsample(min(SAMPLED, image.width), min(SAMPLED, image.height))
    ends = (sample <= NEAR_THE_ENDS) | (sample >= LEVELS - NEAR_THE_ENDS)
    return bool(ends.avg() >= CROWDED_SHARE * LEVELS)


def _line(change: Callable[[int], float]) -> pyvips.Image:
    """Return a lookup table of 256 levels, cut off at both ends."""
    levels = [min(LEVELS, max(0, round(change(level)))) for level in range(LEVELS + 1)]
    return pyvips.Image.new_from_array([levels]).cast("uchar")
