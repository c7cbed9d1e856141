"""Refuses a GIF whose frames have fewer pixels than they declare.

libnsgif shows what there is, and nothing or the frame before below it. Pillow's decoder, in C,
reports the end of the data before the last row. Without the extra `heic`, which installs Pillow,
nothing is checked here.
"""

import importlib
from io import BytesIO
from types import ModuleType

from shared.imaging.formats.gif_pixels import frame_pixels
from shared.imaging.heic_and_bmp import GIF_READER, PILLOW_ERRORS
from shared.model.errors import Truncated

STAGE = "render"
# https://github.com/python-pillow/Pillow/blob/12.0.0/src/PIL/ImageFile.py
MISSING_PIXELS = "image file is truncated"


def can_count_pixels() -> bool:
    """Return whether Pillow is installed."""
    return _reader() is not None


def refuse_missing_pixels(data: bytes, frames: int, canvas_pixels: int) -> None:
    """Raise `Truncated` if one of the first frames, or one that the file cuts, lacks pixels.

    Frames that are larger than the canvas are not decoded here.
    """
    reader = _reader()
    if reader is None:
        return
    for number, frame in enumerate(frame_pixels(data), 1):
        if number > frames and frame.end < len(data):
            continue  # it is not rendered
        width, height, alone = frame.alone(data)
        if 0 < width * height <= canvas_pixels and not _is_complete(reader, alone):
            raise Truncated(
                f"Expected a GIF with {width}x{height} pixels in frame {number}, got fewer.",
                stage=STAGE,
            )


def _reader() -> ModuleType | None:
    try:
        return importlib.import_module(GIF_READER)
    except ImportError:
        return None


def _is_complete(reader: ModuleType, alone: bytes) -> bool:
    """Return whether a GIF of one frame has all its pixels; damaged data are left to libvips."""
    try:
        reader.GifImageFile(BytesIO(alone)).load()
    except PILLOW_ERRORS as error:
        return MISSING_PIXELS not in str(error)
    return True
