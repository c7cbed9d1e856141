"""Computes a watermark's position and size on a variant. It is never enlarged."""

from dataclasses import dataclass

from shared.model.geometry import Size
from shared.model.recipe import Position, Watermark

# The distance from the edges, as a fraction of the variant's shorter side.
MARGIN = 0.03
# A watermark whose longer side would be shorter, in pixels, is left out: it would be illegible.
MIN_PIXELS = 16


@dataclass(frozen=True, slots=True)
class Placement:
    """A watermark's size and its top left corner on a canvas, in pixels."""

    size: Size
    left: int
    top: int


def placement(watermark: Watermark, image: Size, canvas: Size) -> Placement | None:
    """Return the placement of a watermark, all of it on the canvas.

    `image` is the size of the watermark's file. Returns `None` if the watermark is transparent, or
    would be smaller than `MIN_PIXELS`.
    """
    centred = watermark.position is Position.CENTRE
    margin = 0 if centred else round(MARGIN * min(canvas.width, canvas.height))
    inner = Size(max(1, canvas.width - 2 * margin), max(1, canvas.height - 2 * margin))
    factor = min(
        canvas.width * watermark.scale / image.width,
        inner.width / image.width,
        inner.height / image.height,
    )
    if watermark.opacity == 0 or factor * max(image.width, image.height) < MIN_PIXELS:
        return None
    size = image.scaled(min(factor, 1.0))
    across, down = canvas.width - size.width, canvas.height - size.height
    if centred:
        return Placement(size, across // 2, down // 2)
    row, column = watermark.position.split("-")
    left = margin if column == "left" else across - margin
    top = margin if row == "top" else down - margin
    return Placement(size, max(0, left), max(0, top))
