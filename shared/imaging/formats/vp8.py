"""Finds WebP images whose data end in zeros: RFC 6386, sections 7 and 9.1; RFC 9649.

libwebp decodes zeros like any other data. An encoder writes zeros for what it predicts best, such
as the plain lower part of a picture: in 300 pictures that were tried, at most half a bit for each
block of 16 by 16 pixels. Lossless WebP has four codes for a pixel, each of a bit at least.
"""

from collections.abc import Iterator
from itertools import islice

from shared.imaging.formats.containers import webp_chunks

LOSSY, LOSSLESS, FRAME = b"VP8 ", b"VP8L", b"ANMF"
FRAME_HEADER_BYTES, MAX_IN_FRAME, MAX_CHUNKS = 16, 8, 5_000
KEY_FRAME, HEADER_BYTES, SIZE_AT, SIDE_BITS = b"\x9d\x01\x2a", 10, 6, 0x3FFF
SIGNATURE, LOSSLESS_HEADER_BYTES = 0x2F, 5
BLOCK = 16
# Two bits for each block, four for each pixel without loss, and a few bytes for small pictures.
BLOCKS_IN_A_BYTE, PIXELS_IN_A_BYTE, SPARE_BYTES = 4, 2, 128


def ends_in_zeros(data: bytes) -> bool:
    """Return whether a still or moving WebP has an image whose last part is zeros."""
    return any(
        _is_zeroed(data, kind, start, min(end, len(data))) for kind, start, end in _images(data)
    )


def _images(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    for name, start, end in islice(webp_chunks(data), MAX_CHUNKS):
        if name in {LOSSY, LOSSLESS}:
            yield name, start, end
        if name == FRAME:
            inner = islice(webp_chunks(data, start + FRAME_HEADER_BYTES), MAX_IN_FRAME)
            yield from (each for each in inner if each[0] in {LOSSY, LOSSLESS} and each[2] <= end)


def _is_zeroed(data: bytes, kind: bytes, start: int, end: int) -> bool:
    most = _most_zeros(data[start : min(end, start + HEADER_BYTES)], is_lossy=kind == LOSSY)
    return 0 < most < end - start and data.count(0, end - most, end) == most


def _most_zeros(header: bytes, *, is_lossy: bool) -> int:
    """Return how many zeros an encoder may write at the end; 0 if the header is none."""
    if is_lossy:
        if header[3:SIZE_AT] != KEY_FRAME or len(header) < HEADER_BYTES:
            return 0
        width, height = (
            int.from_bytes(header[at : at + 2], "little") & SIDE_BITS
            for at in (SIZE_AT, SIZE_AT + 2)
        )
        return SPARE_BYTES + -(-width // BLOCK) * -(-height // BLOCK) // BLOCKS_IN_A_BYTE
    if header[:1] != bytes([SIGNATURE]) or len(header) < LOSSLESS_HEADER_BYTES:
        return 0
    sides = int.from_bytes(header[1:LOSSLESS_HEADER_BYTES], "little")
    width, height = 1 + (sides & SIDE_BITS), 1 + (sides >> 14 & SIDE_BITS)
    return SPARE_BYTES + width * height // PIXELS_IN_A_BYTE
