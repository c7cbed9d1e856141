"""Reads the items of HEIF files: ISO/IEC 14496-12, sections 8.11.3 and 8.11.6."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from shared.imaging.formats.heif_boxes import (
    FILE_OFFSET,
    MAX_COUNTED,
    Box,
    Location,
    boxes,
    locations,
)

VERSION_BYTES = 4
# From version 2 on, an entry has a type, and from 3 on a number of four bytes.
TYPED, WIDE = 2, 3
MAX_ITEMS = 4_096
MAX_CONTENT_BYTES = 1024 * 1024


class Item(NamedTuple):
    """An item's number, type and content type, and the offset of its entry's box name."""

    number: int
    kind: bytes
    content_type: bytes
    name_at: int


def items(data: bytes) -> Iterator[Item]:
    """Yield the items that a file lists; the type is empty for entries of old versions."""
    for entry in islice(_entries(data), MAX_ITEMS):
        version = data[entry.start] if entry.start < len(data) else 0
        name_at = entry.start - (4 if data[entry.start - 4 : entry.start] == b"infe" else 12)
        if version < TYPED:
            yield Item(0, b"", b"", name_at)
            continue
        width = 4 if version >= WIDE else 2
        at = entry.start + VERSION_BYTES
        kind_at = at + width + 2  # after the protection index
        _, content_type, *_ = [*data[kind_at + 4 : entry.end].split(b"\0", 2), b"", b""]
        number = int.from_bytes(data[at : at + width], "big")
        yield Item(number, data[kind_at : kind_at + 4], content_type, name_at)


def content(data: bytes, number: int) -> bytes:
    """Return at most `MAX_CONTENT_BYTES` of an item's content; empty if it is not in the file."""
    parts, size = [], 0
    for location in islice(_all_locations(data), MAX_COUNTED):
        if location.item != number or location.method != FILE_OFFSET:
            continue
        end = location.start + min(location.size, MAX_CONTENT_BYTES - size)
        parts.append(data[location.start : end])
        size += len(parts[-1])
    return b"".join(parts)


def listed_boxes(data: bytes) -> Iterator[Box]:
    """Yield all boxes that `items` looks at; none ends after its parent.

    The caller must bound the iteration.
    """
    for box in _within(data, 0, len(data)):
        yield box
        if box.kind != b"meta":
            continue
        for listed in _within(data, box.start + VERSION_BYTES, box.end):
            yield listed
            if listed.kind == b"iinf" and listed.start < listed.end:
                start = listed.start + VERSION_BYTES + (4 if data[listed.start] else 2)
                yield from _within(data, start, listed.end)


def _within(data: bytes, start: int, end: int) -> Iterator[Box]:
    # Boxes that end after their parent could each be read to the end of the file.
    for box in boxes(data, start, end):
        yield Box(box.kind, box.start, min(box.end, end))


def _all_locations(data: bytes) -> Iterator[Location]:
    for box in boxes(data, 0, len(data)):
        if box.kind == b"meta":
            with suppress(LookupError, struct.error):  # the decoder reports what is wrong
                yield from locations(data, Box(box.kind, box.start + VERSION_BYTES, box.end))


def _entries(data: bytes) -> Iterator[Box]:
    """Yield the entries of all item lists, because a decoder may read any of several."""
    return (box for box in listed_boxes(data) if box.kind == b"infe")
