"""Iterates over the parts of a file: GIF blocks, PNG and WebP chunks, TIFF directories.

The iterators are lazy, and their callers must bound them: a file may hold millions of parts, and
TIFF directories may form a cycle.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# https://www.w3.org/Graphics/GIF/spec-gif89a.txt
GIF_HEADER_BYTES, DESCRIPTOR_BYTES = 13, 10
EXTENSION, IMAGE, SUB_BLOCK = 0x21, 0x2C, 0
# PNG, third edition, section 5.3: length and type before the data, a checksum after it.
PNG_SIGNATURE_BYTES, CHUNK_HEAD_BYTES, CHECKSUM_BYTES = 8, 8, 4
# RFC 9649, section 2.3: "RIFF", the size of what follows and "WEBP"; a chunk has name and size.
RIFF_HEADER_BYTES, RIFF_CHUNK_HEAD_BYTES = 12, 8
# https://libtiff.gitlab.io/libtiff/specification/bigtiff.html
BIG_TIFF = 43


def gif_blocks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the kind of each block and sub-block, and the offsets of its start and its contents.

    An image's contents begin with the LZW code size. Raises `IndexError` if the file ends inside
    a block. Stops at any other byte than a block's, as libvips and viewers do.
    """
    at = GIF_HEADER_BYTES + _palette_bytes(data[10])
    while at < len(data) and data[at] in {EXTENSION, IMAGE}:
        if data[at] == EXTENSION:
            contents = at + 2
            yield EXTENSION, at, contents
            at = contents
        else:
            contents = at + DESCRIPTOR_BYTES + _palette_bytes(data[at + DESCRIPTOR_BYTES - 1])
            yield IMAGE, at, contents
            at = contents + 1
        while size := data[at]:
            yield SUB_BLOCK, at, at + 1
            at += 1 + size
        at += 1


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 0b111) + 1) if flags & 0b1000_0000 else 0


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each chunk, the offset of its data and their declared length in bytes."""
    at = PNG_SIGNATURE_BYTES
    while at + CHUNK_HEAD_BYTES <= len(data):
        size, start = int.from_bytes(data[at : at + 4], "big"), at + CHUNK_HEAD_BYTES
        yield data[at + 4 : start], start, size
        at = start + size + CHECKSUM_BYTES


def webp_chunks(data: bytes, at: int = RIFF_HEADER_BYTES) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each chunk, and the offsets of its content and of the content's end."""
    while at + RIFF_CHUNK_HEAD_BYTES <= len(data):
        start = at + RIFF_CHUNK_HEAD_BYTES
        end = start + int.from_bytes(data[at + 4 : start], "little")
        yield data[at : at + 4], start, end
        at = end + (end - start) % 2  # contents of an odd size are padded


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """The byte order of a TIFF's numbers, and whether the file is a BigTIFF."""

    order: Literal["little", "big"]
    is_big: bool

    @classmethod
    def of(cls, data: bytes) -> "TiffLayout":
        """Read the header."""
        return cls("little" if data[:1] == b"I" else "big", BIG_TIFF in data[2:4])


def tiff_directories(data: bytes) -> Iterator[int]:
    """Yield the offset of each directory in order; endless if the directories form a cycle."""
    layout = TiffLayout.of(data)
    word, count_bytes, entry = (8, 8, 20) if layout.is_big else (4, 2, 12)

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], layout.order)

    at = number(word, word)
    while 0 < at < len(data):
        yield at
        at = number(at + count_bytes + entry * number(at, count_bytes), word)
