"""Finds lossy WebP images whose data end in zeros: RFC 6386, sections 7 and 9.1; RFC 9649.

libwebp decodes zeros like any other data. An encoder writes zeros for what it predicts best, such
as the plain lower part of a picture: at most half a bit for each block of 16 by 16 pixels in 300
pictures that were tried. Lossless WebP may have millions of zeros, so that nothing is seen there.
"""

from collections.abc import Iterator
from itertools import islice

from shared.imaging.formats.containers import webp_chunks

LOSSY, FRAME = b"VP8 ", b"ANMF"
FRAME_HEADER_BYTES, MAX_IN_FRAME, MAX_CHUNKS = 16, 8, 5_000
KEY_FRAME, HEADER_BYTES, SIZE_AT, SIDE_BITS = b"\x9d\x01\x2a", 10, 6, 0x3FFF
BLOCK = 16
# Two bits for each block, and a few bytes for small pictures.
BLOCKS_IN_A_BYTE, SPARE_BYTES = 4, 128


def ends_in_zeros(data: bytes) -> bool:
    """Return whether a still or moving WebP has an image whose last part is zeros."""
    return any(_is_zeroed(data, start, min(end, len(data))) for start, end in _images(data))


def _images(data: bytes) -> Iterator[tuple[int, int]]:
    for name, start, end in islice(webp_chunks(data), MAX_CHUNKS):
        if name == LOSSY:
            yield start, end
        if name == FRAME:
            inner = islice(webp_chunks(data, start + FRAME_HEADER_BYTES), MAX_IN_FRAME)
            yield from ((at, to) for kind, at, to in inner if kind == LOSSY and to <= end)


def _is_zeroed(data: bytes, start: int, end: int) -> bool:
    if data[start + 3 : start + SIZE_AT] != KEY_FRAME or start + HEADER_BYTES > end:
        return False  # the decoder reports it
    width, height = (
        int.from_bytes(data[at : at + 2], "little") & SIDE_BITS
        for at in (start + SIZE_AT, start + SIZE_AT + 2)
    )
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    most = SPARE_BYTES + blocks // BLOCKS_IN_A_BYTE
    return end - start > most and data.count(0, end - most, end) == most
