"""Splits files into the parts of their formats; joined, they are the same file."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Literal

# Boxes that hold boxes, and the bytes between their header and the first of these.
CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4}
CONTAINERS |= dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts"), 0)
TIFF_ENTRY_BYTES, BIG_TIFF_ENTRY_BYTES = 12, 20
BIG_TIFF = 43
RESTARTS = range(0xD0, 0xD8)
BITMAP_HEAD_BYTES = 14
MAX_ENTRIES = 1000  # a mutated file may declare more


def parts(data: bytes) -> list[bytes]:
    """Return a file's chunks, segments, boxes, blocks or entries, the magic number first."""
    magic = b"ftyp" if data[4:8] == b"ftyp" else data
    places = next((found for start, found in _PLACES if magic.startswith(start)), _anywhere)
    edges = sorted({0, len(data), *(at for at in places(data) if at < len(data))})
    return [data[start:end] for start, end in pairwise(edges)]


def byte_order(data: bytes) -> Literal["big", "little"]:
    """Return the order of the numbers in a file's headers."""
    return "little" if data.startswith((b"RIFF", b"GIF", b"BM", b"II")) else "big"


def _anywhere(data: bytes) -> Iterator[int]:
    yield from range(0, len(data), 16)


def _jpeg_places(data: bytes) -> Iterator[int]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        yield at
        is_scan = data[at + 1] == 0xDA
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        while is_scan and at + 1 < len(data) and not _is_marker(data, at):
            if data[at] == 0xFF and data[at + 1] in RESTARTS:
                yield at
            at += 1
    yield at


def _is_marker(data: bytes, at: int) -> bool:
    return data[at] == 0xFF and data[at + 1] != 0 and data[at + 1] not in RESTARTS


def _png_places(data: bytes) -> Iterator[int]:
    at = 8
    while at < len(data):
        yield at
        at += 12 + int.from_bytes(data[at : at + 4], "big")


def _riff_places(data: bytes) -> Iterator[int]:
    at = 12
    while at < len(data):
        yield at
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 24 if data[at : at + 4] == b"ANMF" else 8 + size + size % 2


def _gif_places(data: bytes) -> Iterator[int]:
    end = len(data)
    data += bytes(1024)  # a truncated file may lack parts
    at = 13 + _palette_bytes(data[10])
    while at < end and data[at] in {0x21, 0x2C}:
        yield at
        at += 2 if data[at] == 0x21 else 11 + _palette_bytes(data[at + 9])
        while data[at]:
            at += 1 + data[at]
        at += 1
    yield at


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _iso_places(data: bytes) -> Iterator[int]:
    at = 0
    while at + 8 <= len(data):
        yield at
        name = data[at + 4 : at + 8]
        at += 8 + CONTAINERS[name] if name in CONTAINERS else _box_bytes(data, at)


def _box_bytes(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big") or len(data)


def _tiff_places(data: bytes) -> Iterator[int]:
    order = byte_order(data)

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    if number(2, 2) == BIG_TIFF:
        at, entries, entry_bytes = number(8, 8) + 8, number(number(8, 8), 8), BIG_TIFF_ENTRY_BYTES
    else:
        at, entries, entry_bytes = number(4, 4) + 2, number(number(4, 4), 2), TIFF_ENTRY_BYTES
    yield from range(at, at + entry_bytes * min(entries, MAX_ENTRIES) + 1, entry_bytes)


def _bitmap_places(data: bytes) -> Iterator[int]:
    """Yield where the header, the palette and the pixels begin, and each pair of their bytes."""
    header_bytes = int.from_bytes(data[14:18], "little")
    start = int.from_bytes(data[10:14], "little")
    yield from (BITMAP_HEAD_BYTES, BITMAP_HEAD_BYTES + header_bytes, start)
    yield from range(start, min(len(data), start + 2 * MAX_ENTRIES), 2)


_PLACES: tuple[tuple[bytes, Callable[[bytes], Iterator[int]]], ...] = (
    (b"\xff\xd8", _jpeg_places),
    (b"\x89PNG", _png_places),
    (b"RIFF", _riff_places),
    (b"GIF", _gif_places),
    (b"ftyp", _iso_places),
    (b"II", _tiff_places),
    (b"MM", _tiff_places),
    (b"BM", _bitmap_places),
)
