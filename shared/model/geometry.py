"""Fits an image into a box: sizes after resizing, and canvases. Images are never enlarged."""

from dataclasses import dataclass

from shared.model.focal import Focal
from shared.model.recipe import Fit

# WebP's limit: https://developers.google.com/speed/webp/faq#maximum_size
MAX_WEBP_SIDE = 16_383


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


def focal_corner(picture: Size, canvas: Size, focal: Focal) -> tuple[int, int]:
    """Return left and top, in pixels, of the crop whose middle is nearest to the focal point."""
    left = round(focal.x * picture.width - canvas.width / 2)
    top = round(focal.y * picture.height - canvas.height / 2)
    return (
        max(0, min(left, picture.width - canvas.width)),
        max(0, min(top, picture.height - canvas.height)),
    )


def fit_into(source: Size, width: int | None, height: int | None, fit: Fit) -> Fitted:
    """Return how a source fits into a box; a side without a bound is bounded by WebP's limit.

    If the box is larger than the source, the canvas is the largest of the box's shape that the
    source covers (`cover`), or the box itself around the unscaled source (`contain`).
    """
    if fit is Fit.COVER and width and height:
        return _cover(source, Size(width, height))
    across = (width or MAX_WEBP_SIDE) / source.width
    down = (height or MAX_WEBP_SIDE) / source.height
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
