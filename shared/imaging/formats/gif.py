"""Tells libvips of the transparency that a GIF has without naming a transparent colour.

Where no frame has drawn, and where one is cleared away, browsers show what lies behind the
picture. libvips paints a colour there, unless that frame names a transparent one.
https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from shared.imaging.formats.containers import EXTENSION, IMAGE, SUB_BLOCK, gif_blocks

CONTROL = 0xF9
NAMES_TRANSPARENT, CLEARED = 1, 2
MAX_CODE_SIZE = 8  # below it, no pixel is the last of 256 colours
UNUSED = 255
MAX_BLOCKS = 10_000


@dataclass(frozen=True, slots=True)
class _Frame:
    start: int
    control: int | None
    flags: int
    box: bytes
    code_size: int

    def leaves_open(self, screen: bytes, *, is_first: bool) -> bool:
        """Say whether something behind is seen that the frame could tell of, and does not."""
        if self.flags & NAMES_TRANSPARENT or self.code_size >= MAX_CODE_SIZE:
            return False
        is_small = self.box != bytes(4) + screen
        return self.flags >> 2 & 7 == CLEARED or (is_first and is_small)


def with_transparency_named(data: bytes) -> bytes:
    """Return a GIF whose frames name a transparent colour wherever they leave something open.

    It is one that is not used. Frames of 256 colours leave none unused and stay as they are.
    """
    try:
        frames = list(_frames(data))
    except IndexError:
        return data  # cut short, which is for others to say
    changed = bytearray(data)
    for frame in reversed(frames):  # from the end, so that what is put in moves nothing
        if not frame.leaves_open(data[6:10], is_first=frame is frames[0]):
            continue
        if frame.control is None:
            named = (EXTENSION, CONTROL, 4, NAMES_TRANSPARENT, 0, 0, UNUSED, 0)
            changed[frame.start : frame.start] = bytes(named)
        else:
            changed[frame.control] |= NAMES_TRANSPARENT
            changed[frame.control + 3] = UNUSED
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
