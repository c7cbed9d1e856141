"""Reads the first directory of a TIFF: TIFF 6.0, section 2, and BigTIFF.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
https://libtiff.gitlab.io/libtiff/specification/bigtiff.html
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.imaging.formats.containers import TiffLayout, tiff_directories

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, ORIENTATION = 266, 274
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 277, 278, 279
PLANAR, SEPARATE = 284, 2
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT = 338, 339
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
NOT_COMPRESSED, FAX_ROWS, FAX_3, FAX_4, JPEG = 1, 2, 3, 4, 7
FAX = frozenset({FAX_ROWS, FAX_3, FAX_4})

# Bytes of each field type, and how `struct` reads the integers among them.
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
WIDTHS |= {16: 8, 17: 8, 18: 8}
INTEGER_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# More tags than any image has, and more strips or tiles than any image within the limits.
MAX_TAGS, MAX_VALUES, MAX_SAMPLES = 4_096, 1_000_000, 16
# What `struct` raises for offsets beyond the end of the file, and beyond the address space.
BAD_OFFSET = (struct.error, OverflowError)
CUT_DIRECTORY = "Expected a whole TIFF, got one that ends inside its directory."


@dataclass(frozen=True, slots=True)
class Field:
    """The type of a field, how many values it has, and the offset of the first."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The fields of one directory by tag; the first counts if a tag repeats, as for libtiff.

    `start` and `end` are the offsets of its entries.
    """

    data: bytes
    start: int
    end: int
    fields: Mapping[int, Field]

    def values(self, tag: int, most: int = MAX_VALUES) -> Sequence[int]:
        """Return the first `most` integers of a field; none if it has over `MAX_VALUES`."""
        field = self.fields.get(tag)
        code = INTEGER_CODES.get(field.kind) if field else None
        if field is None or code is None or field.count > MAX_VALUES:
            return ()
        layout = f"{_byte_order(self.data)}{min(field.count, most)}{code}"
        return struct.unpack_from(layout, self.data, field.at)

    def value(self, tag: int, default: int) -> int:
        """Return the first integer of a field; `default` if it has none."""
        return next(iter(self.values(tag, most=1)), default)

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a field; empty if there is none."""
        field = self.fields.get(tag)
        if field is None:
            return b""
        return self.data[field.at : field.at + self.bytes_of(tag)]

    def bytes_of(self, tag: int) -> int:
        """Return the length of a field's values as its entry declares it."""
        field = self.fields[tag]
        return WIDTHS.get(field.kind, 1) * field.count


def samples(first: Directory) -> int:
    """Return the number of samples of a pixel; without the tag, that of the declared bits."""
    return first.value(SAMPLES, len(first.values(BITS, most=MAX_SAMPLES)) or 1)


def first_directory(data: bytes) -> Directory:
    """Return the first directory; raises one of `BAD_OFFSET` if it is not whole."""
    at = next(tiff_directories(data), len(data))
    return directory(data, at)


def _byte_order(data: bytes) -> str:
    """Return the byte order's character for `struct`."""
    return "<" if TiffLayout.of(data).order == "little" else ">"


def directory(data: bytes, at: int) -> Directory:
    """Return the directory at an offset; raises one of `BAD_OFFSET` if it is not whole."""
    order, is_big = _byte_order(data), TiffLayout.of(data).is_big
    head, entry, inline = ("Q", "HHQ", 8) if is_big else ("H", "HHI", 4)
    (count,) = struct.unpack_from(f"{order}{head}", data, at)
    at += struct.calcsize(f"{order}{head}")
    start = at
    fields: dict[int, Field] = {}
    for _ in range(min(count, MAX_TAGS)):
        tag, kind, values = struct.unpack_from(f"{order}{entry}", data, at)
        place = at + struct.calcsize(f"{order}{entry}")
        at = place + inline
        if WIDTHS.get(kind, 1) * values > inline:
            (place,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", data, place)
        fields.setdefault(tag, Field(kind, values, place))
    return Directory(data, start, at, fields)
