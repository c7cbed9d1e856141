"""Reads orientation, artist and copyright from EXIF: all that is used of it.

libvips is not used: libexif, by which it reads EXIF, follows pointers between directories. 234
bytes, in which each of four directories points three times to the next, kept it busy for over
20 s. Here only the first directory is read, in which the three tags are.
https://www.cipa.jp/std/documents/e/DC-X008-Translation-2023-E.pdf, section 4.6.
"""

import struct
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

ORIENTATION, ARTIST, COPYRIGHT = 0x0112, 0x013B, 0x8298
ORIENTATIONS, UPRIGHT = range(1, 9), 1
BYTE, ASCII, SHORT, LONG = 1, 2, 3, 4
UTF8 = 129  # since EXIF 3.0
NUMBERS = {BYTE: "B", SHORT: "H", LONG: "I"}
PREAMBLE = b"Exif\0\0"
HEADER_BYTES, ENTRY_BYTES, INLINE_BYTES = 8, 12, 4
BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
# More than any camera writes, and quickly read.
MAX_ENTRIES = 512
MAX_TEXT_BYTES = 4096


class _Entry(NamedTuple):
    """A field; `at` is the offset of the four bytes that hold its values or their offset."""

    tag: int
    kind: int
    length: int
    at: int


def is_exif(data: bytes) -> bool:
    """Return whether data begins like EXIF: large EXIF goes on in segments that do not."""
    return data[:4] in BYTE_ORDERS


def read_orientation(exif: bytes) -> int:
    """Return the orientation in the first directory, from 1 to 8; 1 if there is no valid one."""
    tiff, order = _opened(exif)
    for entry in _entries(tiff, order):
        if entry.tag == ORIENTATION and entry.kind in NUMBERS and entry.length == 1:
            (value,) = struct.unpack_from(f"{order}{NUMBERS[entry.kind]}", tiff, entry.at)
            return int(value) if value in ORIENTATIONS else UPRIGHT
    return UPRIGHT


def read_texts(exif: bytes) -> Mapping[int, bytes]:
    """Return the raw texts of artist and copyright in the first directory, by tag.

    Also accepts a TIFF file, which has the structure of EXIF. Returns nothing for other data.
    """
    tiff, order = _opened(exif)
    texts = {}
    for entry in _entries(tiff, order):
        if entry.tag in {ARTIST, COPYRIGHT} and entry.kind in {ASCII, UTF8}:
            start = entry.at
            if entry.length > INLINE_BYTES:
                (start,) = struct.unpack_from(f"{order}I", tiff, entry.at)
            texts[entry.tag] = bytes(tiff[start : start + min(entry.length, MAX_TEXT_BYTES)])
    return texts


def _opened(exif: bytes) -> tuple[memoryview, str]:
    """Return the data from the TIFF header on, and its byte order for `struct`; else empty."""
    tiff = memoryview(exif)[len(PREAMBLE) :] if exif.startswith(PREAMBLE) else memoryview(exif)
    return tiff, BYTE_ORDERS.get(bytes(tiff[:4]), "")


def _entries(tiff: memoryview, order: str) -> Iterator[_Entry]:
    """Yield the entries of the first directory, until one is beyond the end of the data."""
    return islice(_all_entries(tiff, order), MAX_ENTRIES) if order else iter(())


def _all_entries(tiff: memoryview, order: str) -> Iterator[_Entry]:
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for number in range(count):
            start = at + 2 + number * ENTRY_BYTES
            tag, kind, values, _ = struct.unpack_from(f"{order}HHII", tiff, start)
            yield _Entry(tag, kind, values, start + ENTRY_BYTES - INLINE_BYTES)
    except struct.error:
        return
