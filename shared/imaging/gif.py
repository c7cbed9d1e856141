"""Finds GIFs that were cut short, which libvips notices in the first frame only.

Walks the blocks without decoding them: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from shared.model.errors import Truncated

HEADER_BYTES = 13
DESCRIPTOR_BYTES = 9
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B


def refuse_cut_short(data: bytes) -> None:
    """Raise `Truncated` if a GIF ends inside a block; a trailer alone may be missing."""
    try:
        at = HEADER_BYTES + _palette_bytes(data[10])
        while at < len(data) and data[at] != TRAILER:
            if data[at] == EXTENSION:
                at = _after_sub_blocks(data, at + 2)
            elif data[at] == IMAGE:
                palette = _palette_bytes(data[at + DESCRIPTOR_BYTES])
                # The byte after the palette is the LZW code size.
                at = _after_sub_blocks(data, at + 1 + DESCRIPTOR_BYTES + palette + 1)
            else:
                return  # not a block: viewers stop here, and so does libvips
    except IndexError as error:
        raise Truncated("Expected a whole GIF, got one that ends in a block.") from error


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 0b111) + 1) if flags & 0b1000_0000 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1
