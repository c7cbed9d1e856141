"""Reads the properties of the items of HEIF files, and the references between items.

ISO/IEC 23008-12, section 9.3, and ISO/IEC 14496-12, sections 8.11.4 and 8.11.12.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from shared.imaging.formats.heif_boxes import MAX_COUNTED, Box, boxes, child, meta_box

# What the functions of this module raise for broken files.
BROKEN = (LookupError, struct.error)
# A file has at most one `ipma` of each version, 0 or 1, and width, narrow or wide.
MAX_MAPS = 4
# libheif reads 1,000 items, and an encoder gives each about five.
MAX_PROPERTIES = 16_000
# libheif reads 256 references of one item and kind; a grid has one to each tile.
MAX_REFERENCES = 4_096
VERSION_BYTES = 4
COLOURS, NUMBERS = b"colr", b"nclx"


class Property(NamedTuple):
    """A property of an item: its place in the list of all properties, from 1, and its box."""

    place: int
    box: Box


class Reference(NamedTuple):
    """A reference of one item to another, and its type."""

    kind: bytes
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class ItemGraph:
    """The primary image's number, the properties of each item in their order, and references.

    At most `MAX_PROPERTIES` of all properties, and `MAX_REFERENCES` of all references.
    """

    primary: int
    properties: Mapping[int, list[Property]]
    references: list[Reference]

    @classmethod
    def read(cls, data: bytes) -> "ItemGraph":
        """Read the first `meta` of a file. Raises `BROKEN`."""
        meta = meta_box(data)
        return cls(_primary(data, meta), _properties(data, meta), _references(data, meta))

    def of(self, item: int) -> list[Property]:
        """Return the properties of one item."""
        return self.properties.get(item, [])


def primary_properties(data: bytes) -> list[Property]:
    """Return the properties of the primary image. Raises `BROKEN`."""
    meta = meta_box(data)
    return _properties(data, meta).get(_primary(data, meta), [])


def primaries_and_transfer(data: bytes) -> tuple[int, int] | None:
    """Return the primary image's colour primaries and transfer by H.273; `None` if it has none."""
    try:
        for _, box in primary_properties(data):
            if box.kind == COLOURS and data[box.start : box.start + 4] == NUMBERS:
                primaries, transfer = struct.unpack_from(">HH", data, box.start + 4)
                return int(primaries), int(transfer)
    except BROKEN:
        pass  # the decoder reports what is wrong
    return None


def _primary(data: bytes, meta: Box) -> int:
    primary = child(data, meta, b"pitm")
    wide = data[primary.start] > 0
    return int(struct.unpack_from(">I" if wide else ">H", data, primary.start + VERSION_BYTES)[0])


def _properties(data: bytes, meta: Box) -> Mapping[int, list[Property]]:
    parent = child(data, meta, b"iprp")
    container = child(data, parent, b"ipco")
    listed = list(boxes(data, container.start, container.end))
    inner = boxes(data, parent.start, parent.end)
    maps = islice((box for box in inner if box.kind == b"ipma"), MAX_MAPS)
    places = chain.from_iterable(_associations(data, box) for box in maps)
    found: dict[int, list[Property]] = {}
    for item, place in islice(places, MAX_PROPERTIES):
        if 0 < place <= len(listed):
            found.setdefault(item, []).append(Property(place, listed[place - 1]))
    return found


def _associations(data: bytes, ipma: Box) -> Iterator[tuple[int, int]]:
    """Yield items and the indices, from 1, of their properties."""
    version, flags, count = struct.unpack_from(">B3sI", data, ipma.start)
    wide, at = bool(flags[2] & 1), ipma.start + 8
    for _ in range(min(count, MAX_COUNTED)):
        if at >= ipma.end:
            return  # or thousands of short boxes would each be read to the end of the file
        item, each = struct.unpack_from(">IB" if version else ">HB", data, at)
        at += 5 if version else 3
        kind, mask, size = (">H", 0x7FFF, 2) if wide else (">B", 0x7F, 1)
        for place in range(at, at + each * size, size):
            yield item, struct.unpack_from(kind, data, place)[0] & mask
        at += each * size


def _references(data: bytes, meta: Box) -> list[Reference]:
    listed = next((box for box in boxes(data, meta.start, meta.end) if box.kind == b"iref"), None)
    return list(islice(_targets(data, listed), MAX_REFERENCES)) if listed else []


def _targets(data: bytes, iref: Box) -> Iterator[Reference]:
    code = "I" if data[iref.start] else "H"
    for box in boxes(data, iref.start + VERSION_BYTES, iref.end):
        source, count = struct.unpack_from(f">{code}H", data, box.start)
        at = box.start + struct.calcsize(f">{code}H")
        for number in range(count):
            place = at + number * struct.calcsize(code)
            (target,) = struct.unpack_from(f">{code}", data, place)
            yield Reference(box.kind, source, target)
