"""Declares a transparent colour in GIF frames that have transparency without declaring one.

Where no frame has drawn, and where a frame was cleared, browsers show the page behind the image.
libvips fills such areas with a colour, unless the frame declares a transparent colour.
https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from shared.imaging.formats.containers import EXTENSION, IMAGE, SUB_BLOCK, gif_blocks

CONTROL = 0xF9
HAS_TRANSPARENT_COLOUR, CLEARED = 1, 2
MAX_CODE_SIZE = 8  # with a smaller LZW code size, no pixel uses the last of 256 colours
UNUSED_COLOUR = 255
MAX_BLOCKS = 10_000


@dataclass(frozen=True, slots=True)
class _Frame:
    start: int
    control: int | None
    flags: int
    box: bytes
    code_size: int

    def lacks_transparent_colour(self, screen: bytes, *, is_first: bool) -> bool:
        """Return whether the frame has transparency, declares no colour for it, and can.

        `screen` is the size of the GIF as its header holds it.
        """
        if self.flags & HAS_TRANSPARENT_COLOUR or self.code_size >= MAX_CODE_SIZE:
            return False
        is_small = self.box != bytes(4) + screen
        return self.flags >> 2 & 7 == CLEARED or (is_first and is_small)


def with_transparent_colour(data: bytes) -> bytes:
    """Return a GIF whose frames declare a transparent colour if they have transparency.

    It is a colour that the frame does not use. Frames that may use all 256 colours stay as they
    are, and so does a truncated file.
    """
    try:
        frames = list(_frames(data))
    except IndexError:
        return data  # truncated: `refuse_truncated` reports it
    changed = bytearray(data)
    for frame in reversed(frames):  # last frame first: insertions must not move later offsets
        if not frame.lacks_transparent_colour(data[6:10], is_first=frame is frames[0]):
            continue
        if frame.control is None:
            extension = (EXTENSION, CONTROL, 4, HAS_TRANSPARENT_COLOUR, 0, 0, UNUSED_COLOUR, 0)
            changed[frame.start : frame.start] = bytes(extension)
        else:
            changed[frame.control] |= HAS_TRANSPARENT_COLOUR
            changed[frame.control + 3] = UNUSED_COLOUR
    return bytes(changed)


def _frames(data: bytes) -> Iterator[_Frame]:
    control = None
    blocks = (block for block in gif_blocks(data) if block[0] != SUB_BLOCK)
    for kind, at, contents in islice(blocks, MAX_BLOCKS):
        if kind == EXTENSION:
            control = at + 3 if data[at + 1] == CONTROL else control
        elif kind == IMAGE:
            flags = 0 if control is None else data[control]
            yield _Frame(at, control, flags, data[at + 1 : at + 9], data[contents])
            control = None
