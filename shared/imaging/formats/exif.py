"""Reads artist and copyright from EXIF: the only EXIF tags that a recipe can keep.

libvips cannot be used: it returns a tag's text as libexif formats it, and truncated.
https://www.cipa.jp/std/documents/e/DC-X008-Translation-2023-E.pdf, section 4.6.
"""

import struct
from collections.abc import Iterator, Mapping

ARTIST, COPYRIGHT = 0x013B, 0x8298
ASCII, UTF8 = 2, 129  # the second since EXIF 3.0
PREAMBLE = b"Exif\0\0"
HEADER_BYTES, ENTRY_BYTES, INLINE_BYTES = 8, 12, 4
BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
# More than any camera writes, and quickly read.
MAX_ENTRIES = 512
MAX_TEXT_BYTES = 4096


def read_texts(exif: bytes) -> Mapping[int, bytes]:
    """Return the raw texts of artist and copyright in the first directory, by tag.

    Also accepts a TIFF file, which has the structure of EXIF. Returns nothing for other data.
    """
    tiff = memoryview(exif)[len(PREAMBLE) :] if exif.startswith(PREAMBLE) else memoryview(exif)
    order = BYTE_ORDERS.get(bytes(tiff[:4]))
    try:
        return dict(_texts(tiff, order)) if order else {}
    except struct.error:  # a directory beyond the end of the data
        return {}


def _texts(tiff: memoryview, order: str) -> Iterator[tuple[int, bytes]]:
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for number in range(min(count, MAX_ENTRIES)):
        entry = at + 2 + number * ENTRY_BYTES
        tag, kind, size, offset = struct.unpack_from(f"{order}HHII", tiff, entry)
        if tag in {ARTIST, COPYRIGHT} and kind in {ASCII, UTF8}:
            start = offset if size > INLINE_BYTES else entry + ENTRY_BYTES - INLINE_BYTES
            yield tag, bytes(tiff[start : start + min(size, MAX_TEXT_BYTES)])
