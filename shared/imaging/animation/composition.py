"""Composes the frames of an animation, each of which may draw on a part of its canvas only."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyvips

from shared.imaging.formats.apng import Blend, Disposal
from shared.model.geometry import Size

OPAQUE = 255
GREY, WITH_ALPHA = frozenset({1, 2}), frozenset({2, 4})


@dataclass(frozen=True, slots=True)
class Layer:
    """The pixels of one frame, 8 bits a band, and where and how it is drawn on the canvas."""

    picture: pyvips.Image
    left: int
    top: int
    disposal: Disposal
    blend: Blend


def compose(layers: Iterable[Layer], size: Size, *, frames: int, bands: int) -> pyvips.Image:
    """Return the strip of the first `frames` frames as a viewer shows them, 8 bits, in memory.

    `size` is that of the canvas, which is transparent at first if `bands` is 2 or 4. Layers get an
    opaque alpha band if they have none and the canvas has one.
    """
    canvas_bytes = size.pixels * bands
    strip = bytearray(frames * canvas_bytes)
    canvas = pyvips.Image.black(size.width, size.height, bands=bands)
    for at, layer in zip(range(frames), layers, strict=False):
        # The canvas of each frame lies in the strip: the only copies are of one frame.
        part = memoryview(strip)[at * canvas_bytes : (at + 1) * canvas_bytes]
        part[:] = _drawn(canvas, layer).write_to_memory()
        shown = pyvips.Image.new_from_memory(part, size.width, size.height, bands, "uchar")
        canvas = _disposed(canvas, shown, layer)
    image = pyvips.Image.new_from_memory(strip, size.width, size.height * frames, bands, "uchar")
    # A copy, because pyvips forgets `strip` when it hands out the memory of an image in memory.
    image = image.copy(interpretation=_space(bands))
    image.set_type(pyvips.GValue.gint_type, "page-height", size.height)
    return image


def _drawn(canvas: pyvips.Image, layer: Layer) -> pyvips.Image:
    picture = layer.picture
    if picture.bands < canvas.bands:
        picture = picture.bandjoin(OPAQUE)
    elif layer.blend is Blend.OVER and picture.bands in WITH_ALPHA:
        below = canvas.crop(layer.left, layer.top, picture.width, picture.height)
        picture = _over(below, picture)
    return canvas.insert(picture, layer.left, layer.top)


def _over(below: pyvips.Image, above: pyvips.Image) -> pyvips.Image:
    space = _space(above.bands)
    # In floating point: libvips truncates, and each frame would get darker.
    parts = [each.copy(interpretation=space).cast("float") for each in (below, above)]
    blended = parts[0].composite2(parts[1], "over", compositing_space=space)
    return blended.rint().cast("uchar")


def _disposed(before: pyvips.Image, shown: pyvips.Image, layer: Layer) -> pyvips.Image:
    """Return the canvas on which the next frame is drawn."""
    if layer.disposal is Disposal.NONE:
        return shown
    if layer.disposal is Disposal.PREVIOUS:
        return before
    picture = layer.picture
    cleared = pyvips.Image.black(picture.width, picture.height, bands=shown.bands)
    return shown.insert(cleared, layer.left, layer.top)


def _space(bands: int) -> str:
    return "b-w" if bands <= max(GREY) else "srgb"
