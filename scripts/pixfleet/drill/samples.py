"""The four files of a drill, a good one and three bad ones, made with zlib alone."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from shared.model.errors import Cause

SIDE = 96
BOMB_SIDE = 50_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One file. It must be rejected with one of `causes`, or published if there are none."""

    name: str
    data: bytes
    causes: tuple[Cause, ...] = ()

    @property
    def is_good(self) -> bool:
        """Return whether the worker must make variants of it."""
        return not self.causes


def samples() -> tuple[Sample, ...]:
    """Return the files of a drill, the good one first."""
    pixels = _rows(SIDE)
    # If the stack has a higher limit on pixels, the limit on memory refuses the bomb.
    too_large = (Cause.TOO_MANY_PIXELS, Cause.TOO_COSTLY)
    return (
        Sample("good.png", _png(SIDE, pixels)),
        Sample("corrupt.png", _png(SIDE, _damaged(pixels)), (Cause.CORRUPT, Cause.TRUNCATED)),
        Sample("bomb.png", _png(BOMB_SIDE, pixels), too_large),
        Sample("text.jpg", b"This is a text and no picture.\n" * 8, (Cause.NOT_AN_IMAGE,)),
    )


def _rows(side: int) -> bytes:
    """Return the deflated rows of a square: red grows downwards, green to the right."""
    lines = (
        b"\0" + b"".join(bytes((y * 255 // side, x * 255 // side, 128)) for x in range(side))
        for y in range(side)
    )
    return zlib.compress(b"".join(lines))


def _damaged(deflated: bytes) -> bytes:
    middle = len(deflated) // 2
    return deflated[:middle] + bytes(byte ^ 0xFF for byte in deflated[middle:])


def _png(side: int, deflated: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", deflated), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks(chunks))


def _chunks(chunks: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    for name, data in chunks:
        yield (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )
