"""Reads the boxes of HEIF files, AVIF and HEIC: ISO/IEC 14496-12 and 23008-12.

Only for what libvips and libheif do not report.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

# Boxes that must be complete; what follows them may be truncated.
REQUIRED_BOXES = frozenset({b"meta", b"mdat", b"moov"})
# The construction method of an item whose extents are offsets in the file.
FILE_OFFSET = 0
MAX_BRAND_BYTES = 1024
# libheif reads 1,000 items of at most 32 extents. The limit keeps hostile counts from taking
# minutes.
MAX_COUNTED = 32_000


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its kind, and the offsets at which its content begins and should end."""

    kind: bytes
    start: int
    end: int


class Location(NamedTuple):
    """One extent of an item: its construction method, and its offset and size in bytes."""

    item: int
    method: int
    start: int
    size: int


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield at most `MAX_COUNTED` boxes between two offsets; the last may end beyond the file."""
    return islice(_boxes(data, start, end), MAX_COUNTED)


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= min(end, len(data)):
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1 and content + 8 <= len(data):
            size, content = struct.unpack_from(">Q", data, content)[0], content + 8
        stop = end if size == 0 else start + size
        if stop < content:
            return
        yield Box(kind, content, stop)
        start = stop


def has_still_image(data: bytes) -> bool:
    """Return whether the file has a still image, and not an image sequence only."""
    kinds = {box.kind for box in boxes(data, 0, len(data))}
    return b"meta" in kinds or b"moov" not in kinds


def has_brand(data: bytes, brand: bytes) -> bool:
    """Return whether a file names a brand among those that it is compatible with."""
    first = next(boxes(data, 0, len(data)), None)
    if first is None or first.kind != b"ftyp":
        return False
    # After the major brand and its version; a file has a few brands.
    listed = data[first.start + 8 : min(first.end, first.start + MAX_BRAND_BYTES)]
    return any(listed[at : at + 4] == brand for at in range(0, len(listed), 4))


def declared_bytes(data: bytes) -> int:
    """Return the least length that the file declares, by its required boxes and its items."""
    ends = [box.end for box in boxes(data, 0, len(data)) if box.kind in REQUIRED_BOXES]
    try:
        for location in islice(locations(data, meta_box(data)), MAX_COUNTED):
            is_in_file = location.method == FILE_OFFSET
            ends.append(location.start + location.size if is_in_file else 0)
    except (LookupError, struct.error):
        pass  # the decoder reports what is wrong
    return max(ends, default=0)


def meta_box(data: bytes) -> Box:
    """Return the first `meta`, from its first child on; `LookupError` if there is none."""
    meta = child(data, Box(b"", 0, len(data)), b"meta")
    return Box(meta.kind, meta.start + 4, meta.end)  # its boxes follow version and flags


def child(data: bytes, parent: Box, kind: bytes) -> Box:
    """Return the first box of a kind in another box; `LookupError` if there is none."""
    for box in boxes(data, parent.start, parent.end):
        if box.kind == kind:
            return box
    raise LookupError(kind)


def locations(data: bytes, meta: Box) -> Iterator[Location]:
    """Yield where each extent of each item is, and an empty one after the last of each item.

    Raises `LookupError` or `struct.error` if the table is missing or ends early. The caller must
    bound the iteration.
    """
    iloc = child(data, meta, b"iloc")
    version = data[iloc.start]
    sizes = struct.unpack_from(">BB", data, iloc.start + 4)
    reader = _Reader(data, iloc.start + 6)
    widths = (sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15 if version else 0)
    wide = 4 if version == 2 else 2  # noqa: PLR2004 - the version
    for _ in range(reader.number(wide)):
        item = reader.number(wide)
        method = reader.number(2) & 15 if version else FILE_OFFSET
        reader.number(2)
        base = reader.number(widths[2])
        for _ in range(reader.number(2)):
            reader.number(widths[3])
            offset, length = reader.number(widths[0]), reader.number(widths[1])
            yield Location(item, method, base + offset, length)
        yield Location(item, method, 0, 0)


class _Reader:
    """Reads big-endian numbers one after the other; `LookupError` at the end of the data."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def number(self, width: int) -> int:
        end = self._at + width
        if end > len(self._data):
            raise LookupError("the end")
        value = int.from_bytes(self._data[self._at : end], "big")
        self._at = end
        return value
