"""Where a watermark stands on a variant, and how large it is there. It is never enlarged."""

from dataclasses import dataclass

from shared.model.geometry import Size
from shared.model.recipe import Position, Watermark

# Between the mark and the edge, as a part of the variant's shorter side.
MARGIN = 0.03
# A mark whose longer side would come out shorter than this is a smudge: it is left out.
LEAST_PIXELS = 16


@dataclass(frozen=True, slots=True)
class Placement:
    """A mark's size and its left top corner on a canvas, in pixels."""

    size: Size
    left: int
    top: int


def placement(watermark: Watermark, mark: Size, canvas: Size) -> Placement | None:
    """Return where the mark goes, all of it on the canvas; none where it would be a smudge."""
    centred = watermark.position is Position.CENTRE
    margin = 0 if centred else round(MARGIN * min(canvas.width, canvas.height))
    room = Size(max(1, canvas.width - 2 * margin), max(1, canvas.height - 2 * margin))
    wanted = min(
        canvas.width * watermark.scale / mark.width,
        room.width / mark.width,
        room.height / mark.height,
    )
    if watermark.opacity == 0 or wanted * max(mark.width, mark.height) < LEAST_PIXELS:
        return None
    size = mark.scaled(min(wanted, 1.0))
    across, down = canvas.width - size.width, canvas.height - size.height
    if centred:
        return Placement(size, across // 2, down // 2)
    row, column = watermark.position.split("-")
    left = margin if column == "left" else across - margin
    top = margin if row == "top" else down - margin
    return Placement(size, max(0, left), max(0, top))
