"""Fits an image into a box: sizes after resizing, and canvases. Images are never enlarged."""

from dataclasses import dataclass
from math import sqrt

from shared.model.codec import MAX_SIDE, Codec
from shared.model.focal import Focal
from shared.model.recipe import Fit

# Every image has a fallback, which is a JPEG, a PNG or a GIF.
MAX_FALLBACK_SIDE = min(MAX_SIDE[Codec.JPEG], MAX_SIDE[Codec.PNG], MAX_SIDE[Codec.GIF])


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A width and a height in pixels, both at least one."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Return the number of pixels."""
        return self.width * self.height

    def scaled(self, factor: float) -> "Size":
        """Return the size times a factor, rounded to whole pixels, at least one each."""
        return Size(max(1, round(self.width * factor)), max(1, round(self.height * factor)))


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a source fits a box: it is resized as a whole, then cropped or padded to the canvas."""

    resized: Size
    canvas: Size

    def within(self, most_pixels: int) -> "Fitted":
        """Return the same fit, scaled so that the resized image has at most so many pixels.

        A crop's canvas is scaled alike; the box of `contain`, which is padded, keeps its size.
        """
        if self.resized.pixels <= most_pixels:
            return self
        # In whole pixels of the shorter side: rounded separately, a long strip would be distorted.
        shorter = min(self.resized.width, self.resized.height)
        factor = max(1, int(shorter * sqrt(most_pixels / self.resized.pixels))) / shorter
        smaller = self.resized.scaled(factor)
        if self.canvas == self.resized:
            return Fitted(smaller, smaller)
        if self.canvas.width > self.resized.width or self.canvas.height > self.resized.height:
            return Fitted(smaller, self.canvas)
        canvas = self.canvas.scaled(factor)
        width, height = min(canvas.width, smaller.width), min(canvas.height, smaller.height)
        return Fitted(smaller, Size(width, height))


def focal_corner(picture: Size, canvas: Size, focal: Focal) -> tuple[int, int]:
    """Return left and top, in pixels, of the crop whose middle is nearest to the focal point."""
    left = round(focal.x * picture.width - canvas.width / 2)
    top = round(focal.y * picture.height - canvas.height / 2)
    return (
        max(0, min(left, picture.width - canvas.width)),
        max(0, min(top, picture.height - canvas.height)),
    )


def fit_into(source: Size, width: int | None, height: int | None, fit: Fit) -> Fitted:
    """Return how a source fits into a box; a side without a bound is bounded by the fallback's.

    If the box is larger than the source, the canvas is the largest of the box's shape that the
    source covers (`cover`), or the box itself around the unscaled source (`contain`).
    """
    if fit is Fit.COVER and width and height:
        return _cover(source, Size(width, height))
    across = (width or MAX_FALLBACK_SIDE) / source.width
    down = (height or MAX_FALLBACK_SIDE) / source.height
    resized = source.scaled(min(across, down, 1.0))
    if fit is Fit.CONTAIN and width and height:
        return Fitted(resized, Size(width, height))
    return Fitted(resized, resized)


def _cover(source: Size, box: Size) -> Fitted:
    factor = max(box.width / source.width, box.height / source.height)
    if factor <= 1:
        resized = source.scaled(factor)
        return Fitted(
            resized, Size(min(box.width, resized.width), min(box.height, resized.height))
        )
    canvas = box.scaled(1 / factor)
    return Fitted(source, Size(min(canvas.width, source.width), min(canvas.height, source.height)))
