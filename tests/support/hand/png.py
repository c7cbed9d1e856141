"""PNG: https://www.w3.org/TR/png-3/."""

import struct
import zlib

from tests.support.hand.flat import zeros

MAGIC = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2
CHANNELS = {GREY: 1, RGB: 3}


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(  # noqa: PLR0913 - the fields of IHDR
    width: int,
    height: int,
    *,
    bits: int = 8,
    colour: int = RGB,
    interlaced: bool = False,
    extra: bytes = b"",
    body: bytes | None = None,
) -> bytes:
    """Return a black PNG of any size; `extra` goes before the pixels, `body` replaces them."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    if body is None:
        row = 1 + (width * bits * CHANNELS[colour] + 7) // 8
        body = zeros(row * height * (2 if interlaced else 1))
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", body)
    return MAGIC + chunks + chunk(b"IEND", b"")


def with_chunks(name: bytes, data: bytes, *, count: int = 1) -> bytes:
    """Return a small PNG with equal chunks before its pixels."""
    return png(64, 64, extra=chunk(name, data) * count)
