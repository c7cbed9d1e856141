"""Refuses TIFF files that libvips would render wrongly: raw files, truncated files, odd pixels.

A camera's raw file is a TIFF whose first image is a thumbnail. The tags are those of
https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf; BigTIFF and DNG add to them.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.imaging.formats.containers import TiffLayout, tiff_directories
from shared.model.errors import Truncated, UnsupportedFormat

BITS, COMPRESSION, PHOTOMETRIC = 258, 259, 262
STRIP_OFFSETS, STRIP_BYTES = 273, 279
TILE_OFFSETS, TILE_BYTES = 324, 325
SUB_DIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT = 330, 338, 339
UNSPECIFIED = 0
DNG_VERSION = 50706

SENSOR_DATA = frozenset({32803, 34892})  # a colour filter array, and a DNG's linear raw
RGB, YCBCR, CIELAB, ICCLAB, ITULAB = 2, 6, 8, 9, 10
NOT_COMPRESSED, JPEG = 1, 7
# Compressions of the bundled libtiff: none, CCITT, LZW, JPEG, deflate, PackBits, WebP.
KNOWN_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001})
UNSIGNED, FLOAT = 1, 3

# Bytes of each field type, and how `struct` reads the integers among them.
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
WIDTHS |= {16: 8, 17: 8, 18: 8}
INTEGER_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# More tags than any image has, and more strips or tiles than any image within the limits.
MAX_TAGS, MAX_VALUES = 4_096, 1_000_000
MAX_SUB_DIRECTORIES = 16
# What `struct` raises for offsets beyond the end of the file, and beyond the address space.
BAD_OFFSET = (struct.error, OverflowError)


@dataclass(frozen=True, slots=True)
class _Field:
    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The fields of one directory by tag; the first counts if a tag repeats, as for libtiff."""

    data: bytes
    fields: Mapping[int, _Field]

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
        return self.data[field.at : field.at + WIDTHS.get(field.kind, 1) * field.count]


def refuse_what_libvips_gets_wrong(data: bytes) -> None:
    """Raise `UnsupportedFormat` for raw files and odd pixels, `Truncated` for truncated files.

    Other errors in a directory are left to libvips, whose messages say more.
    """
    try:
        first = first_directory(data)
        _refuse_raw(first)
        _refuse_odd_pixels(first)
        _refuse_truncated(first)
    except BAD_OFFSET as error:
        raise Truncated(
            "Expected a whole TIFF, got one that ends inside its directory."
        ) from error


def has_alpha(data: bytes) -> bool:
    """Return whether a band after the colours is alpha, for a TIFF that was not refused.

    It is alpha if the file does not declare its meaning. If the file declares it as "unspecified",
    it is a saved selection or a printing plate.
    """
    return first_directory(data).value(EXTRA_SAMPLES, 1) != UNSPECIFIED


def first_directory(data: bytes) -> Directory:
    """Return the first directory; raises one of `BAD_OFFSET` if it is not whole."""
    at = next(tiff_directories(data), len(data))
    return _directory(data, at)


def _byte_order(data: bytes) -> str:
    """Return the byte order's character for `struct`."""
    return "<" if TiffLayout.of(data).order == "little" else ">"


def _directory(data: bytes, at: int) -> Directory:
    order, is_big = _byte_order(data), TiffLayout.of(data).is_big
    head, entry, inline = ("Q", "HHQ", 8) if is_big else ("H", "HHI", 4)
    (count,) = struct.unpack_from(f"{order}{head}", data, at)
    at += struct.calcsize(f"{order}{head}")
    fields: dict[int, _Field] = {}
    for _ in range(min(count, MAX_TAGS)):
        tag, kind, values = struct.unpack_from(f"{order}{entry}", data, at)
        place = at + struct.calcsize(f"{order}{entry}")
        at = place + inline
        if WIDTHS.get(kind, 1) * values > inline:
            (place,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", data, place)
        fields.setdefault(tag, _Field(kind, values, place))
    return Directory(data, fields)


def _refuse_raw(first: Directory) -> None:
    places = first.values(SUB_DIRECTORIES, most=MAX_SUB_DIRECTORIES)
    below = (_photometric(first, at) for at in places)
    is_raw = any(each in SENSOR_DATA for each in (first.value(PHOTOMETRIC, RGB), *below))
    if is_raw or DNG_VERSION in first.fields:
        raise UnsupportedFormat("Expected an image, got a camera's raw file.", stage="sniff")


def _photometric(first: Directory, at: int) -> int:
    """Return the photometric interpretation of a subdirectory; RGB if it cannot be read."""
    try:
        return _directory(first.data, at).value(PHOTOMETRIC, RGB)
    except BAD_OFFSET:
        return RGB


def _refuse_odd_pixels(first: Directory) -> None:
    compression = first.value(COMPRESSION, NOT_COMPRESSED)
    photometric = first.value(PHOTOMETRIC, RGB)
    bits, kind = first.value(BITS, 1), first.value(SAMPLE_FORMAT, UNSIGNED)
    lab8 = photometric in {ICCLAB, ITULAB} or (photometric == CIELAB and bits == 8)  # noqa: PLR2004 - bits
    odd = {
        f"compression {compression}": compression not in KNOWN_COMPRESSIONS,
        "YCbCr without JPEG": photometric == YCBCR and compression != JPEG,
        "Lab of 8 bits": lab8,
        f"samples of {bits} bits and kind {kind}": not _is_known(kind, bits, photometric),
    }
    found = next((words for words, is_odd in odd.items() if is_odd), None)
    if found:
        raise UnsupportedFormat(
            f"Expected a TIFF that libvips reads correctly, got {found}. "
            "Save it as RGB of 8 or 16 bits.",
            stage="probe",
        )


def _is_known(kind: int, bits: int, photometric: int) -> bool:
    if kind == FLOAT:
        return photometric in {RGB, CIELAB}
    return bits <= 16 and (kind == UNSIGNED or photometric == CIELAB)  # noqa: PLR2004 - bits


def _refuse_truncated(first: Directory) -> None:
    tiled = TILE_OFFSETS in first.fields
    offsets = first.values(TILE_OFFSETS if tiled else STRIP_OFFSETS)
    counts = first.values(TILE_BYTES if tiled else STRIP_BYTES)
    ends = [at + size for at, size in zip(offsets, counts, strict=False)]
    declared = max(ends, default=0)
    if declared > len(first.data):
        raise Truncated(
            f"Expected a TIFF of at least {declared} bytes, got {len(first.data)}.", stage="probe"
        )
