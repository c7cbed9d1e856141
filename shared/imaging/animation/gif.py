"""Composes GIFs that libvips composes otherwise than browsers: each frame is a GIF of its own."""

import struct

import pyvips

from shared.imaging.animation.composition import Layer, compose
from shared.imaging.animation.timing import set_timing
from shared.imaging.formats.apng import Blend, Disposal
from shared.imaging.formats.containers import IMAGE
from shared.imaging.formats.gif import GifFrame, GifLayout, read_layout
from shared.model.geometry import Size

VERSION, TRAILER = b"GIF89a", b"\0;"
SCREEN, DESCRIPTOR = struct.Struct("<HHBBB"), struct.Struct("<B4HB")
HEADER_BYTES = len(VERSION) + SCREEN.size
SCREEN_FLAGS_AT, DESCRIPTOR_FLAGS_AT = 10, 9
CONTROL_BYTES = 8
RGBA_BANDS = 4
# GIF89a, section 23. Some programs write 4 for 3: browsers accept both.
DISPOSALS = {2: Disposal.BACKGROUND, 3: Disposal.PREVIOUS, 4: Disposal.PREVIOUS}


def misread_layout(data: bytes, opened: pyvips.Image) -> GifLayout | None:
    """Return a GIF's layout if libvips, which has `opened` it, composes it wrongly."""
    layout = read_layout(data)
    pages = opened.get("n-pages") if opened.get_typeof("n-pages") else 1
    if layout is None or len(layout.frames) != pages:
        return None
    is_misread = layout.is_misread_by_libvips(opened.width, opened.get_page_height())
    return layout if is_misread else None


def composed(data: bytes, opened: pyvips.Image, frames: int) -> pyvips.Image:
    """Return the first `frames` frames of a GIF as a strip with its timing, as browsers show them.

    `opened` is the GIF as libvips opens it, which is returned unless it is wrong.
    """
    layout = misread_layout(data, opened)
    if layout is None:
        return opened
    size = Size(layout.width, layout.height)
    layers = (_layer(data, layout, frame) for frame in layout.frames)
    strip = compose(layers, size, frames=frames, bands=RGBA_BANDS)
    if frames > 1:
        set_timing(strip, opened.get("delay"), opened.get("loop"))
    return strip


def _layer(data: bytes, layout: GifLayout, frame: GifFrame) -> Layer:
    if not layout.shows(frame):
        nothing = pyvips.Image.black(1, 1, bands=RGBA_BANDS)
        return Layer(nothing, 0, 0, Disposal.NONE, Blend.OVER)
    picture = pyvips.Image.gifload_buffer(_alone(data, layout, frame), fail_on="warning")
    width = min(frame.width, layout.width - frame.left)
    picture = picture.crop(0, 0, width, min(frame.height, layout.height - frame.top))
    disposal = DISPOSALS.get(frame.disposal, Disposal.NONE)
    return Layer(picture.copy_memory(), frame.left, frame.top, disposal, Blend.OVER)


def _alone(data: bytes, layout: GifLayout, frame: GifFrame) -> bytes:
    """Return a GIF of one frame, whose canvas is the frame's box."""
    view, sides = memoryview(data), (frame.width, frame.height)
    flags = data[frame.start + DESCRIPTOR_FLAGS_AT]
    control = b"" if frame.control is None else view[frame.control :][:CONTROL_BYTES]
    parts = (
        VERSION,
        SCREEN.pack(*sides, data[SCREEN_FLAGS_AT], 0, 0),
        view[HEADER_BYTES : layout.palette_end],
        control,
        DESCRIPTOR.pack(IMAGE, 0, 0, *sides, flags),
        view[frame.start + DESCRIPTOR.size : frame.end],
        TRAILER,
    )
    return b"".join(parts)
