"""Finds files that were cut short where libvips does not notice, or cannot say so."""

from shared.model.errors import Truncated

# https://www.w3.org/Graphics/GIF/spec-gif89a.txt
HEADER_BYTES = 13
DESCRIPTOR_BYTES = 9
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B


# "RIFF" and the size of what follows: https://developers.google.com/speed/webp/docs/riff_container
RIFF_PREFIX_BYTES = 8


def refuse_cut_short(name: str, data: bytes) -> None:
    """Raise `Truncated` if a file of the named format ends before what it says it holds."""
    if name == "gif":
        _refuse_cut_gif(data)
    if name == "webp":
        _refuse_cut_webp(data)


def _refuse_cut_webp(data: bytes) -> None:
    """Compare lengths: libvips calls a cut WebP broken."""
    promised = int.from_bytes(data[4:RIFF_PREFIX_BYTES], "little") + RIFF_PREFIX_BYTES
    if len(data) < promised:
        raise Truncated(f"Expected a WebP of {promised} bytes, got {len(data)}.")


def _refuse_cut_gif(data: bytes) -> None:
    """Walk the blocks, as libvips notices the end in the first frame only.

    A trailer alone may be missing.
    """
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
