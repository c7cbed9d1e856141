"""Composes frames in Python, by the words of the PNG standard, to compare with the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageChops

from shared.imaging.intake.probe import probe
from shared.imaging.load import load
from tests.support.hand.apng import CLEAR, OVER, RESTORE

Pixel = tuple[int, int, int, int]
NOTHING: Pixel = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame: RGBA pixels of its box, row by row, and how it is drawn."""

    pixels: Sequence[Pixel]
    left: int
    top: int
    width: int
    height: int
    disposal: int
    blend: int


def over(above: Pixel, below: Pixel) -> Pixel:
    """Return a pixel over another: PNG, third edition, section 13.16, for a translucent result."""
    share, rest = above[3] / 255, below[3] / 255 * (1 - above[3] / 255)
    if share + rest == 0:
        return NOTHING
    mixed = [
        round((one * share + other * rest) / (share + rest))
        for one, other in zip(above[:3], below[:3], strict=True)
    ]
    return (mixed[0], mixed[1], mixed[2], round(255 * (share + rest)))


def composed(size: tuple[int, int], frames: Sequence[Drawn]) -> list[Image.Image]:
    """Return what a viewer shows for each frame: section 11.3.6.2, `dispose_op` and `blend_op`."""
    width, height = size
    canvas, found = [NOTHING] * (width * height), []
    for frame in frames:
        before = canvas.copy()
        places = [
            (frame.top + y) * width + frame.left + x
            for y in range(frame.height)
            for x in range(frame.width)
        ]
        for place, pixel in zip(places, frame.pixels, strict=True):
            canvas[place] = over(pixel, canvas[place]) if frame.blend == OVER else pixel
        shown = Image.new("RGBA", size)
        shown.putdata(canvas)
        found.append(shown)
        if frame.disposal == RESTORE:
            canvas = before
        if frame.disposal == CLEAR:
            for place in places:
                canvas[place] = NOTHING
    return found


def frames_of(data: bytes, count: int | None = None) -> list[Image.Image]:
    """Return each frame as the engine holds it before it encodes, in RGBA."""
    header = probe(data)
    header = replace(header, frames=header.frames if count is None else count)
    strip = load(data, header, header.upright).to_srgb()
    if not strip.hasalpha():
        strip = strip.bandjoin(255)
    whole = Image.frombytes("RGBA", (strip.width, strip.height), strip.write_to_memory())
    height = strip.get_page_height()
    return [
        whole.crop((0, top, strip.width, top + height)) for top in range(0, strip.height, height)
    ]


def difference(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of any band, where alpha weighs the colours."""
    change = ImageChops.difference(one.convert("RGBa"), other.convert("RGBa"))
    return max(change.tobytes())
