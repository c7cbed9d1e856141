"""Decodes the run-length encodings of BMP, in place of Pillow, which decodes them in Python, too.

Pillow's decoder has no bound: 40 MB of moves by nothing took 6 s, and the end of a line is filled
pixel by pixel. https://learn.microsoft.com/windows/win32/gdi/bitmap-compression
"""

import re
import struct
from dataclasses import dataclass

from shared.model.errors import TooCostly, Truncated

# Programs of today do not write such files. A step is a sequence of runs, or one escape: the end
# of a line, a move, or pixels that are stored one by one. So many are done in about 150 ms.
MAX_PIXELS, MAX_STEPS = 4_000_000, 250_000
# A run is its length, from 1 to 255, and its colour. The bound keeps a sequence to 255 KB.
SEQUENCE = re.compile(rb"(?:[^\x00].){1,1000}", re.DOTALL)
RUNS_OF_8_BITS, RUNS_OF_4_BITS = 1, 2
ENCODINGS = {RUNS_OF_8_BITS: 8, RUNS_OF_4_BITS: 4}
END_OF_LINE, END_OF_BITMAP, DELTA = 0, 1, 2
EMPTY_LINES = 2
FILE_HEADER_BYTES, INFO_HEADER_BYTES = 14, 40
COLOURS, COLOUR_BYTES = 256, 4
NIBBLES = bytes(
    int(chr(code), 16) if chr(code) in "0123456789abcdef" else 0 for code in range(256)
)

COLOUR = [bytes((value,)) for value in range(256)]
TWO = [bytes((value >> 4, value & 0xF)) for value in range(256)]


@dataclass(frozen=True, slots=True)
class Runs:
    """The encoded pixels of a BMP: width and height in pixels, `bits` 4 or 8."""

    width: int
    height: int
    bits: int
    data: bytes


def refuse_many_pixels(width: int, height: int) -> None:
    """Raise `TooCostly` for a run-length encoded image of more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise TooCostly(
            f"Expected at most {MAX_PIXELS} pixels in a run-length encoded BMP, "
            f"got {width}x{height}.",
            stage="probe",
        )


def expanded(data: bytes, size: tuple[int, int], offset: int) -> bytes:
    """Return an uncompressed BMP of 8 bits with the pixels of one whose runs begin at `offset`.

    `size` is width and height in pixels. Raises `TooCostly` for too many pixels or steps,
    `Truncated` if the runs end early, and `ValueError` for other than 4 or 8 bits.
    """
    header_bytes, _, height, _, bits, encoding = struct.unpack_from("<IiiHHI", data, 14)
    if ENCODINGS.get(encoding) != bits:
        raise ValueError(f"Expected runs of 4 or 8 bits, got {bits}.")
    start = FILE_HEADER_BYTES + header_bytes
    (declared,) = struct.unpack_from("<I", data, 46)
    colours = min(declared or 1 << bits, 1 << bits)
    palette = data[start : start + colours * COLOUR_BYTES].ljust(COLOURS * COLOUR_BYTES, b"\0")
    pixels = decoded(Runs(*size, bits, data[offset:]))
    flipped = -size[1] if height < 0 else size[1]
    begin = FILE_HEADER_BYTES + INFO_HEADER_BYTES + len(palette)
    head = struct.pack("<2sIHHI", b"BM", begin + len(pixels), 0, 0, begin)
    info = struct.pack("<IiiHHIIiiII", INFO_HEADER_BYTES, size[0], flipped, 1, 8, *[0] * 6)
    return head + info + palette + pixels


def decoded(runs: Runs) -> bytes:
    """Return a byte for each pixel, in rows that are padded to four bytes, the first row first.

    Pixels that no run covers are 0. Pixels beyond the end of a row are dropped. Raises `Truncated`
    if the runs end early or are zeros.
    """
    refuse_many_pixels(runs.width, runs.height)
    canvas = _Canvas(runs.width, runs.height)
    for _ in range(MAX_STEPS):
        if canvas.is_full or not _step(runs, canvas):
            _refuse_zeros(runs.data, canvas.at)
            return bytes(canvas.rows)
    raise TooCostly(f"Expected at most {MAX_STEPS} steps in a BMP, got more.", stage="probe")


def _refuse_zeros(data: bytes, at: int) -> None:
    """Raise `Truncated` if the last lines are empty and zeros go on, each two an end of a line."""
    zeros = bytes(2 * EMPTY_LINES)
    if data[max(0, at - len(zeros)) : at] == zeros and data[at : at + 2] == zeros[:2]:
        raise Truncated("Expected a whole BMP, got one that ends in zeros.", stage="render")


class _Canvas:
    """Padded rows of pixels, the position of the next one, and the offset of the next step."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.stride = (width + 3) & ~3
        self.rows = bytearray(self.stride * height)
        self.x = self.y = self.at = 0

    @property
    def is_full(self) -> bool:
        last = self.height - 1
        return self.y > last or (self.y == last and self.x >= self.width)

    def draw(self, pixels: bytes) -> None:
        shown = pixels[: max(0, self.width - self.x)]
        place = self.y * self.stride + self.x
        self.rows[place : place + len(shown)] = shown
        self.x += len(pixels)


def _step(runs: Runs, canvas: _Canvas) -> bool:
    """Do one step; return whether more may follow."""
    sequence = SEQUENCE.match(runs.data, canvas.at)
    if sequence:
        canvas.at = sequence.end()
        if canvas.x < canvas.width:
            # Each run has a pixel at least, and those beyond the end of the row are dropped.
            shown = sequence[0][: 2 * (canvas.width - canvas.x)]
            canvas.draw(_repeated(shown, runs.bits))
        return True
    _, escape = _pair(runs.data, canvas.at)
    canvas.at += 2
    if escape > DELTA:
        pixels, canvas.at = _literal(runs.data, canvas.at, escape, runs.bits)
        canvas.draw(pixels)
    elif escape == END_OF_LINE:
        canvas.x, canvas.y = 0, canvas.y + 1
    elif escape == DELTA:
        right, up = _pair(runs.data, canvas.at)
        canvas.x, canvas.y, canvas.at = canvas.x + right, canvas.y + up, canvas.at + 2
    return escape != END_OF_BITMAP


def _pair(data: bytes, at: int) -> tuple[int, int]:
    if at + 2 > len(data):
        raise Truncated("Expected a whole BMP, got one that ends inside its runs.", stage="render")
    return data[at], data[at + 1]


def _repeated(sequence: bytes, bits: int) -> bytes:
    pairs = zip(sequence[::2], sequence[1::2], strict=True)
    if bits == ENCODINGS[RUNS_OF_8_BITS]:
        return b"".join([COLOUR[value] * length for length, value in pairs])
    return b"".join([(TWO[value] * ((length + 1) // 2))[:length] for length, value in pairs])


def _literal(data: bytes, at: int, length: int, bits: int) -> tuple[bytes, int]:
    """Return pixels that are stored one by one, and the offset after their padding to 16 bits."""
    size = length if bits == ENCODINGS[RUNS_OF_8_BITS] else (length + 1) // 2
    stored = data[at : at + size]
    if len(stored) < size:
        raise Truncated("Expected a whole BMP, got one that ends inside its runs.", stage="render")
    if bits != ENCODINGS[RUNS_OF_8_BITS]:
        stored = stored.hex().encode().translate(NIBBLES)[:length]
    return stored, at + size + size % 2
