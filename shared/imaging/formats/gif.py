"""Reads where the frames of a GIF are: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.imaging.formats.containers import (
    EXTENSION,
    GIF_HEADER_BYTES,
    IMAGE,
    SUB_BLOCK,
    gif_blocks,
)

CONTROL, CONTROL_FLAGS_AT = 0xF9, 3
HAS_TRANSPARENT_COLOUR, CLEARED = 1, 2
SCREEN_AT, PALETTE_FLAGS_AT = 6, 10
SEPARATOR_BYTES = 1


@dataclass(frozen=True, slots=True)
class GifFrame:
    """One frame: its box on the canvas in pixels, and where its parts are in the file.

    `flags` are those of its graphic control extension, which is at `control` if there is one.
    `start` is the offset of its descriptor, and `end` that of the zero that ends its data.
    """

    left: int
    top: int
    width: int
    height: int
    flags: int
    control: int | None
    start: int
    end: int

    @property
    def has_transparent_colour(self) -> bool:
        """Return whether one of its colours is transparent."""
        return bool(self.flags & HAS_TRANSPARENT_COLOUR)

    @property
    def disposal(self) -> int:
        """Return what becomes of its box before the next frame, from 0 to 7."""
        return self.flags >> 2 & 7


@dataclass(frozen=True, slots=True)
class GifLayout:
    """A GIF's frames, and its canvas in pixels as browsers size it.

    `palette_end` is the offset of the end of the palette that frames share.
    """

    width: int
    height: int
    palette_end: int
    frames: tuple[GifFrame, ...]

    def is_misread_by_libvips(self, width: int, height: int) -> bool:
        """Return whether libvips composes the frames otherwise than browsers.

        `width` and `height` are the canvas that libvips reads: libnsgif shrinks canvases of
        640x480, of other sizes of old screens, and of over 2,048 pixels a side to their frames.
        libvips has no transparency if no frame has a transparent colour: it fills with black what
        the first frame leaves uncovered, and what is cleared.
        """
        if any(each.width > self.width or each.height > self.height for each in self.frames):
            return False  # such a frame could take any memory when it is decoded alone
        first, *_ = self.frames
        fills = (first.left, first.top, first.width, first.height) == (0, 0, *self.size)
        is_opaque = not any(each.has_transparent_colour for each in self.frames)
        clears = (
            each.disposal == CLEARED and not each.has_transparent_colour
            for each in self.frames[:-1]
        )
        return (width, height) != self.size or (is_opaque and not fills) or any(clears)

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height of the canvas."""
        return self.width, self.height

    def shows(self, frame: GifFrame) -> bool:
        """Return whether a frame has pixels on the canvas."""
        is_inside = frame.left < self.width and frame.top < self.height
        return is_inside and frame.width > 0 and frame.height > 0


def read_layout(data: bytes) -> GifLayout | None:
    """Return a GIF's layout; `None` if the file is cut or has no frame.

    Browsers enlarge a canvas that is too small for the first frame. The number of blocks must have
    been checked before.
    """
    try:
        frames = tuple(_frames(data))
    except (IndexError, struct.error):
        return None  # `refuse_truncated` reports it
    if not frames:
        return None
    width, height = struct.unpack_from("<HH", data, SCREEN_AT)
    first, flags = frames[0], data[PALETTE_FLAGS_AT]
    return GifLayout(
        max(width, first.left + first.width),
        max(height, first.top + first.height),
        GIF_HEADER_BYTES + (3 << (flags & 7) + 1 if flags & 0x80 else 0),
        frames,
    )


def _frames(data: bytes) -> Iterator[GifFrame]:
    control, frame, end = None, None, 0
    for kind, at, contents in gif_blocks(data):
        if kind == SUB_BLOCK:
            end = contents + data[at]
            continue
        if frame:
            yield replace(frame, end=end)
            frame = None
        if kind == EXTENSION:
            control = at if data[at + 1] == CONTROL else control
        elif kind == IMAGE:
            left, top, width, height = struct.unpack_from("<4H", data, at + SEPARATOR_BYTES)
            flags = 0 if control is None else data[control + CONTROL_FLAGS_AT]
            frame = GifFrame(left, top, width, height, flags, control, at, contents)
            control, end = None, contents + 1
    if frame:
        yield replace(frame, end=end)
