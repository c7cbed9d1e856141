"""Tells libvips of the transparency that a GIF has without naming a transparent colour.

Where no frame has drawn, and where one is cleared away, browsers show what lies behind the
picture. libvips paints a colour there, unless that frame names a transparent one.
https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from collections.abc import Iterator
from dataclasses import dataclass

SCREEN_BYTES, DESCRIPTOR_BYTES = 13, 10
EXTENSION, CONTROL, IMAGE = 0x21, 0xF9, 0x2C
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
    at = SCREEN_BYTES + _palette_bytes(data[10])
    for _ in range(MAX_BLOCKS):
        if at >= len(data):
            return
        if data[at] == EXTENSION:
            control = at + 3 if data[at + 1] == CONTROL else control
            at = _after_sub_blocks(data, at + 2)
        elif data[at] == IMAGE:
            codes = at + DESCRIPTOR_BYTES + _palette_bytes(data[at + DESCRIPTOR_BYTES - 1])
            flags = 0 if control is None else data[control]
            yield _Frame(at, control, flags, data[at + 1 : at + 9], data[codes])
            control, at = None, _after_sub_blocks(data, codes + 1)
        else:
            return


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 0b111) + 1) if flags & 0b1000_0000 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1
