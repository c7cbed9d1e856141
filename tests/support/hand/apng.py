"""Animated PNG: https://www.w3.org/TR/png-3/, sections 4.9 and 11.3.6."""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.hand.flat import zeros
from tests.support.hand.png import MAGIC, chunk

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
KEEP, CLEAR, RESTORE = 0, 1, 2
SOURCE, OVER = 0, 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: samples of its box as they are stored, row by row, and its control fields."""

    samples: bytes
    width: int
    height: int
    left: int = 0
    top: int = 0
    disposal: int = KEEP
    blend: int = SOURCE
    delay: tuple[int, int] = (1, 10)
    stream: bytes = b""  # instead of the samples, compressed

    def compressed(self) -> bytes:
        if self.stream:
            return self.stream
        stride = len(self.samples) // self.height
        rows = (self.samples[at : at + stride] for at in range(0, len(self.samples), stride))
        return zlib.compress(b"".join(b"\0" + row for row in rows))

    def control(self) -> bytes:
        box = (self.width, self.height, self.left, self.top)
        return struct.pack(">4I2H2B", *box, *self.delay, self.disposal, self.blend)


def apng(size: tuple[int, int], frames: Sequence[Frame], **fields: Any) -> bytes:  # noqa: ANN401 - those of `chunks`
    """Return an animated PNG."""
    return joined(chunks(size, frames, **fields))


def joined(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    return MAGIC + b"".join(chunk(name, data) for name, data in parts)


def chunks(  # noqa: PLR0913 - what a file may hold
    size: tuple[int, int],
    frames: Sequence[Frame],
    *,
    colour: int = RGB_ALPHA,
    bits: int = 8,
    plays: int = 0,
    default: Frame | None = None,
    extra: Sequence[tuple[bytes, bytes]] = (),
    pieces: int = 1,
) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and data of each chunk; `default` is a default image that is no frame.

    `extra` goes before the pixels, and each frame has its data in so many `pieces`.
    """
    yield b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)
    yield b"acTL", struct.pack(">II", len(frames), plays)
    yield from extra
    if default:
        yield b"IDAT", default.compressed()
    number = 0
    for at, frame in enumerate(frames):
        yield b"fcTL", struct.pack(">I", number) + frame.control()
        number += 1
        data = frame.compressed()
        step = -(-len(data) // pieces)
        for start in range(0, len(data), step):
            part = data[start : start + step]
            if at == 0 and default is None:
                yield b"IDAT", part
                continue
            yield b"fdAT", struct.pack(">I", number) + part
            number += 1
    yield b"IEND", b""


def flat(
    width: int, height: int, frames: int, *, side: int | None = None, stream: bytes = b""
) -> bytes:
    """Return equal black frames, the whole canvas or squares of a side, of any size.

    `stream` replaces their compressed pixels.
    """
    across, down = side or width, side or height
    stream = stream or zeros(down * (1 + 3 * across))
    default = Frame(b"", width, height, stream=zeros(height * (1 + 3 * width)))
    frame = Frame(b"", across, down, stream=stream)
    return apng((width, height), [frame] * frames, colour=RGB, default=default)


def of_pngs(files: Sequence[bytes], *, blend: int = SOURCE, skips: bool = False) -> bytes:
    """Return an animation of PNG files of one size and format, with the header of the first.

    With `skips`, the first file is a default image that is no frame.
    """
    parsed = [list(_parsed(file)) for file in files]
    size = struct.unpack_from(">II", parsed[0][0][1])
    before = [part for part in parsed[0] if part[0] in {b"IHDR", b"PLTE", b"tRNS"}]
    parts = [*before, (b"acTL", struct.pack(">II", len(files) - skips, 0))]
    number = 0
    for at, chunks_of_file in enumerate(parsed):
        if at or not skips:
            control = struct.pack(">5I2H2B", number, *size, 0, 0, 1, 10, KEEP, blend)
            parts.append((b"fcTL", control))
            number += 1
        for name, data in chunks_of_file:
            if name == b"IDAT" and at == 0:
                parts.append((name, data))
            elif name == b"IDAT":
                parts.append((b"fdAT", struct.pack(">I", number) + data))
                number += 1
    return joined([*parts, (b"IEND", b"")])


def _parsed(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(MAGIC)
    while at < len(file):
        size, name = struct.unpack_from(">I4s", file, at)
        yield name, file[at + 8 : at + 8 + size]
        at += size + 12
