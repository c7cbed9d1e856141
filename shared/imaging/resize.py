"""Resizes images and strips of frames."""

from collections.abc import Callable

import pyvips

from shared.model.geometry import Size


def frame_count(image: pyvips.Image) -> int:
    """Return the number of frames of a strip; 1 for a still image."""
    return int(image.height // image.get_page_height())


def frame_size(image: pyvips.Image) -> Size:
    """Return the size of one frame."""
    return Size(image.width, image.get_page_height())


def shrink(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Return an 8-bit image at `size`, the size of one frame, in memory.

    The frames of a strip are resized separately. An image of that size already is returned as it
    is.
    """
    if frame_size(image) == size:
        return image
    return on_every_frame(image, lambda part: _resized(part, size))


def _resized(image: pyvips.Image, size: Size) -> pyvips.Image:
    if not image.hasalpha():
        return resized(image, size)
    # `thumbnail_image` would round down after each step and darken colours of low alpha.
    floating = resized(image.premultiply(), size).unpremultiply()
    return floating.rint().cast("uchar").copy(interpretation="srgb")


def resized(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Return the image resized band by band, without regard to alpha or frames; lazy."""
    return image.resize(size.width / image.width, vscale=size.height / image.height)


def on_every_frame(
    image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]
) -> pyvips.Image:
    """Apply `change` to each frame separately; return the strip with its timing, in memory."""
    height, count = image.get_page_height(), frame_count(image)
    if count == 1:
        return change(image).copy_memory()
    # One after the other: each resize holds the lines that it needs until its image is complete.
    frames = (image.crop(0, at * height, image.width, height) for at in range(count))
    parts = [change(frame).copy_memory() for frame in frames]
    strip = pyvips.Image.arrayjoin(parts, across=1).copy_memory().copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", parts[0].height)
    for name in ("delay", "loop"):
        if image.get_typeof(name):
            kind = pyvips.GValue.array_int_type if name == "delay" else pyvips.GValue.gint_type
            strip.set_type(kind, name, image.get(name))
    return strip
