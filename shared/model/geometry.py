"""How a picture meets a box. Nothing here ever enlarges."""

from dataclasses import dataclass

from shared.model.focal import Focal
from shared.model.recipe import Fit

# The most that WebP can hold: https://developers.google.com/speed/webp/faq#maximum_size
MAX_WEBP_SIDE = 16_383


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A width and a height in pixels, both at least one."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Return the area."""
        return self.width * self.height

    def scaled(self, factor: float) -> "Size":
        """Return the size times a factor, rounded to whole pixels, never under one."""
        return Size(max(1, round(self.width * factor)), max(1, round(self.height * factor)))


@dataclass(frozen=True, slots=True)
class Fitted:
    """How one picture is made: resize the whole source, then cut or pad to the canvas."""

    resized: Size
    canvas: Size


def focal_corner(picture: Size, canvas: Size, focal: Focal) -> tuple[int, int]:
    """Return the left and top of the crop that has the point as near its middle as can be."""
    left = round(focal.x * picture.width - canvas.width / 2)
    top = round(focal.y * picture.height - canvas.height / 2)
    return (
        max(0, min(left, picture.width - canvas.width)),
        max(0, min(top, picture.height - canvas.height)),
    )


def fit_into(source: Size, width: int | None, height: int | None, fit: Fit) -> Fitted:
    """Return how a source is fitted into a box; a missing side bounds only what WebP can hold.

    A box larger than the source shrinks with its own shape kept (`cover`), or keeps its size and
    holds the source unscaled in its middle (`contain`).
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
