"""Finds the compressed pixels of a GIF's frames, also of the last frame of a file that is cut.

https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from shared.imaging.formats.containers import IMAGE, SUB_BLOCK, gif_blocks

INTERLACED = 0x40
TERMINATOR, TRAILER = b"\0", b";"
# Codes of a colour that every table has.
SPARE_BLOCK = b"\2\0\0"


class FramePixels(NamedTuple):
    """Offsets in the file: of a frame's descriptor, its code size, its last block and its end.

    `end` is that of the last block, before the terminator; it may be beyond the file.
    """

    start: int
    code_size_at: int
    last_block: int
    end: int

    def alone(self, data: bytes) -> tuple[int, int, bytes]:
        """Return width and height in pixels, and a GIF of this frame only, in grey."""
        *_, width, height, flags = struct.unpack_from("<4HB", data, self.start + 1)
        screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0)
        descriptor = struct.pack("<B4HB", IMAGE, 0, 0, width, height, flags & INTERLACED)
        packed = data[self.code_size_at : self.end]
        if self.end > len(data):
            held = data[self.last_block + 1 :]
            blocks = data[self.code_size_at : self.last_block]
            packed = blocks + (bytes([len(held)]) + held if held else b"")
        return width, height, screen + descriptor + packed + TERMINATOR + TRAILER


def frame_pixels(data: bytes) -> Iterator[FramePixels]:
    """Yield the pixels of each frame; the last ones may end beyond the file.

    The caller must bound the iteration.
    """
    frame: FramePixels | None = None
    try:
        for kind, at, contents in gif_blocks(data):
            if kind == SUB_BLOCK and frame:
                frame = frame._replace(last_block=at, end=contents + data[at])
            elif kind != SUB_BLOCK and frame:
                yield frame
                frame = None
            if kind == IMAGE and contents < len(data):
                frame = FramePixels(at, contents, contents + 1, contents + 1)
    except IndexError:
        pass  # the file is cut
    if frame:
        yield frame


def ends_in_pixels(data: bytes) -> bool:
    """Return whether the file ends inside the data of its last frame, or right after them."""
    end = 0
    for frame in frame_pixels(data):
        end = frame.end
    return end >= len(data)


def with_ends(data: bytes) -> bytes:
    """Return a GIF whose frames have spare codes at their ends, and which is not cut.

    libnsgif drops the last code, which may stand for thousands of pixels, if the code that ends a
    frame is missing. It needs no end for a frame whose pixels are complete, and fails if the file
    ends before the next block.
    """
    pieces: list[bytes | memoryview] = []
    view, done = memoryview(data), 0
    for frame in frame_pixels(data):
        pieces += [view[done : frame.end], bytes(max(0, frame.end - len(data))), SPARE_BLOCK]
        done = frame.end
    if done >= len(data):
        pieces.append(TERMINATOR + TRAILER)
    return b"".join((*pieces, view[done:]))
