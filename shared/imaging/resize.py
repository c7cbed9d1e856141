"""Makes a picture in memory smaller, and cuts or pads it to its canvas."""

from collections.abc import Callable

import pyvips

from shared.model.geometry import Frame, Size
from shared.model.recipe import Gravity

WHITE = (255, 255, 255)


def frame_count(image: pyvips.Image) -> int:
    """Return how many frames a strip holds; one for a still picture."""
    return int(image.height // image.get_page_height())


def shrink(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Return the picture at a smaller size, in memory; each frame of a strip by itself."""
    if Size(image.width, image.get_page_height()) == size:
        return image
    return _on_every_frame(image, lambda part: _resized(part, size))


def _resized(image: pyvips.Image, size: Size) -> pyvips.Image:
    if not image.hasalpha():
        return image.thumbnail_image(size.width, height=size.height, size="force")
    # `thumbnail_image` would round down after each step, which darkens colours of low alpha.
    across, down = size.width / image.width, size.height / image.height
    floating = image.premultiply().resize(across, vscale=down).unpremultiply()
    return floating.rint().cast("uchar").copy(interpretation="srgb")


def cut(
    image: pyvips.Image,
    frame: Frame,
    gravity: Gravity,
    background: tuple[int, int, int] | None,
) -> pyvips.Image:
    """Return the picture on its canvas: cropped where that is smaller, padded where larger."""
    first = image.crop(0, 0, image.width, image.get_page_height())
    if frame.canvas.width > frame.resized.width or frame.canvas.height > frame.resized.height:
        return _on_every_frame(image, lambda part: _padded(part, frame.canvas, background))
    left, top = _corner(first, frame.canvas, gravity)
    width, height = frame.canvas.width, frame.canvas.height
    return _on_every_frame(image, lambda part: part.crop(left, top, width, height))


def _corner(image: pyvips.Image, canvas: Size, gravity: Gravity) -> tuple[int, int]:
    if gravity in {Gravity.ATTENTION, Gravity.ENTROPY}:
        found = image.smartcrop(canvas.width, canvas.height, interesting=gravity.value)
        # libvips notes where a crop came from as a negative offset.
        return -found.xoffset, -found.yoffset
    return (image.width - canvas.width) // 2, (image.height - canvas.height) // 2


def _padded(
    image: pyvips.Image, canvas: Size, background: tuple[int, int, int] | None
) -> pyvips.Image:
    colour = [*(background or WHITE)]
    if image.hasalpha():
        colour.append(255 if background else 0)
    return image.gravity(
        "centre", canvas.width, canvas.height, extend="background", background=colour
    )


def _on_every_frame(
    image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]
) -> pyvips.Image:
    height, count = image.get_page_height(), frame_count(image)
    if count == 1:
        return change(image).copy_memory()
    parts = [change(image.crop(0, at * height, image.width, height)) for at in range(count)]
    strip = pyvips.Image.arrayjoin(parts, across=1).copy_memory().copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", parts[0].height)
    for name in ("delay", "loop"):
        if name in image.get_fields():
            kind = pyvips.GValue.array_int_type if name == "delay" else pyvips.GValue.gint_type
            strip.set_type(kind, name, image.get(name))
    return strip
