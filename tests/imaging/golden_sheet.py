"""Makes a contact sheet of the golden cases."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from tests.imaging.golden_files import Case, shots

CELL, LABEL, GAP, CHEQUER = (128, 112), 14, 16, 8


def contact_sheet(cases: Sequence[Case], columns: int = 4) -> Image.Image:
    """Return all fallbacks with their names on a chequered background; frames are side by side."""
    rows = -(-len(cases) // columns)
    across, down = 2 * CELL[0] + GAP, CELL[1] + LABEL + GAP
    sheet = Image.new("RGB", (columns * across, rows * down), (235, 235, 240))
    draw = ImageDraw.Draw(sheet)
    for at, case in enumerate(cases):
        left, top = at % columns * across, at // columns * down
        draw.text((left + 2, top + 1), case.name, fill=(0, 0, 0))
        *_, shot = shots(case)
        for number, frame in enumerate(shot.frames):
            factor = min(2, CELL[0] // frame.width, CELL[1] // frame.height) or 1
            if len(shot.frames) > 1:
                factor = max(1, 60 // frame.width)
            shown = frame.resize(
                (frame.width * factor, frame.height * factor), Image.Resampling.NEAREST
            )
            ground = _chequered(shown.size)
            ground.paste(shown, (0, 0), shown)
            sheet.paste(ground, (left + number * (shown.width + 2), top + LABEL))
    return sheet


def _chequered(size: tuple[int, int]) -> Image.Image:
    ground = Image.new("RGB", size, (210, 210, 210))
    for top in range(0, size[1], CHEQUER):
        for left in range(top % (2 * CHEQUER), size[0], 2 * CHEQUER):
            ground.paste((170, 170, 170), (left, top, left + CHEQUER, top + CHEQUER))
    return ground
