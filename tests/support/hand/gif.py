"""GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

# 256 colours, none of which is grey: R from 0 to 255, G from 255 to 0.
PALETTE = bytes(band for at in range(256) for band in (at, 255 - at, at * 7 % 256))
KEEP, CLEAR, RESTORE = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: places of colours in `PALETTE`, its box, and its control fields.

    The LZW codes are literal, with a new table before it would grow.
    """

    colours: Sequence[int]
    width: int
    height: int
    left: int = 0
    top: int = 0
    disposal: int = KEEP
    transparent: int | None = None
    hundredths: int = 10
    has_control: bool = True
    is_interlaced: bool = False
    has_end: bool = True

    def block(self) -> bytes:
        flags = self.disposal << 2 | (self.transparent is not None)
        fields = struct.pack("<BHB", flags, self.hundredths, self.transparent or 0)
        control = b"\x21\xf9\x04" + fields + b"\0" if self.has_control else b""
        box = struct.pack("<4H", self.left, self.top, self.width, self.height)
        look = bytes([0x40 if self.is_interlaced else 0])
        return control + b"\x2c" + box + look + b"\x08" + _blocks(self._codes())

    def _codes(self) -> bytes:
        codes: list[int] = []
        for at in range(0, len(self.colours), 250):
            codes += [256, *self.colours[at : at + 250]]
        bits = sum(code << 9 * at for at, code in enumerate([*codes, *[257] * self.has_end]))
        return bits.to_bytes((9 * (len(codes) + self.has_end) + 7) // 8, "little")


def of(
    size: tuple[int, int], *frames: Frame, background: int = 0, repeats: int | None = None
) -> bytes:
    """Return a GIF of `PALETTE`; `repeats` of 0 means for ever."""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, background, 0) + PALETTE
    if repeats is not None:
        head += b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0"
    return head + b"".join(frame.block() for frame in frames) + b"\x3b"


def _blocks(packed: bytes) -> bytes:
    parts = (packed[at : at + 255] for at in range(0, len(packed), 255))
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif(width: int, height: int, *, frames: int = 1, side: int = 1) -> bytes:
    """Return a GIF of a canvas of any size and frames of `side` black pixels square."""
    pixels = side * side
    # Codes of three bits: 4 clears the table, 0 is black, 5 ends; cleared after each pixel.
    codes = "".join(f"{code:03b}"[::-1] for code in [*([4, 0] * pixels), 5])
    packed = bytes(int(codes[at : at + 8][::-1], 2) for at in range(0, len(codes), 8))
    delay = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    frame = delay + b"\x2c" + struct.pack("<HHHHBB", 0, 0, side, side, 0, 2) + _blocks(packed)
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return header + frame * frames + b"\x3b"


def with_blocks(count: int) -> bytes:
    """Return a GIF of a pixel, with a comment in blocks of one byte each."""
    return gif(1, 1)[:-1] + b"\x21\xfe" + b"\x01x" * count + b"\0\x3b"
