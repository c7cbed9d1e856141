"""Odd directories of TIFFs are forgiven: what matters is whether all pixels are there."""

import struct

import pytest

from shared.model.errors import Cause
from tests.imaging.rendering import colour, near, refused, shown
from tests.support.hand.tiff_entries import (
    ASCII,
    BYTE,
    COLOUR,
    DOUBLE,
    PIXELS,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Entry,
    longs,
    plain,
    shorts,
    stored,
    text,
    with_entries,
)

pytestmark = pytest.mark.imaging

DATE, COPYRIGHT, PAGE, PRIVATE = 306, 33432, 297, 65000
ORIENTATION, UNIT, DENSITY, FILL_ORDER, PLANAR = 274, 296, 282, 266, 284
BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS = 258, 259, 262, 277, 278
STRIP_BYTES, PREDICTOR, PROFILE, PALETTE, FORMAT = 279, 317, 34675, 320, 339
GEO_KEYS = (
    Entry(33550, DOUBLE, 3, struct.pack("<3d", 1, 1, 0)),
    Entry(33922, DOUBLE, 6, bytes(48)),
    shorts(34735, 1, 1, 0, 1, 1024, 0, 1, 1),
    text(34737, b"WGS 84|"),
)


def empty(tag: int, kind: int) -> Entry:
    return Entry(tag, kind, 0, b"")


ODD: dict[str, bytes] = {
    "a text without its NUL": with_entries(text(DATE, b"2020:01:01 00:00:00")),
    "a copyright of two texts": with_entries(text(COPYRIGHT, b"me\0you\0")),
    "a copyright of two texts without the last NUL": with_entries(text(COPYRIGHT, b"me\0you")),
    "a text of bytes": with_entries(Entry(DATE, BYTE, 3, b"now")),
    "entries in reverse": stored(reversed([*plain().values()])),
    "one entry out of order": stored([*plain().values(), text(269, b"scan\0")]),
    "a width twice": stored([*plain().values(), longs(256, 99)]),
    "a private text without characters": with_entries(empty(PRIVATE, ASCII)),
    "private numbers without a value": with_entries(empty(PRIVATE, SHORT)),
    "a private value of an unknown type": with_entries(Entry(PRIVATE, 99, 3, b"abc")),
    "a page number of one value": with_entries(shorts(PAGE, 1)),
    "orientation 0": with_entries(shorts(ORIENTATION, 0)),
    "orientation 9": with_entries(shorts(ORIENTATION, 9)),
    "orientation in four bytes": with_entries(longs(ORIENTATION, 1)),
    "two orientations": with_entries(shorts(ORIENTATION, 1, 1)),
    "an orientation without a value": with_entries(empty(ORIENTATION, SHORT)),
    "an orientation in words": with_entries(text(ORIENTATION, b"up\0")),
    "resolution unit 0": with_entries(shorts(UNIT, 0)),
    "resolution unit 77": with_entries(shorts(UNIT, 77)),
    "a resolution unit in words": with_entries(text(UNIT, b"in\0")),
    "a resolution of 0/0": with_entries(Entry(DENSITY, RATIONAL, 1, bytes(8))),
    "a resolution without a value": with_entries(empty(DENSITY, RATIONAL)),
    "GeoTIFF": with_entries(*GEO_KEYS),
    "fill order 0": with_entries(shorts(FILL_ORDER, 0)),
    "planar configuration 0": with_entries(shorts(PLANAR, 0)),
    "rows of a strip 0": with_entries(longs(ROWS, 0)),
    "no rows of a strip": with_entries(without=[ROWS]),
    "more rows of a strip than the picture": with_entries(longs(ROWS, 2**32 - 1)),
    "bits for one of three samples": with_entries(shorts(BITS, 8)),
    "bits for two of three samples": with_entries(shorts(BITS, 8, 8)),
    "bits for four of three samples": with_entries(shorts(BITS, 8, 8, 8, 8)),
    "two compressions": with_entries(shorts(COMPRESSION, 1, 1)),
    "no compression": with_entries(without=[COMPRESSION]),
    "no photometric interpretation": with_entries(without=[PHOTOMETRIC]),
    "no number of samples": with_entries(without=[SAMPLES]),
    "no lengths of strips": with_entries(without=[STRIP_BYTES]),
    "a strip longer than its pixels": with_entries(longs(STRIP_BYTES, len(PIXELS) + 6)),
    "a strip longer than the file": with_entries(longs(STRIP_BYTES, 5000)),
    "a place for a strip that does not exist": with_entries(
        longs(273, 8, 8 + 384, 8), longs(279, 384, 384, 384), longs(ROWS, 8)
    ),
    "strips of unequal lengths": with_entries(
        longs(273, 8, 8 + 384), longs(279, 390, 384), longs(ROWS, 8)
    ),
    "smallest and largest samples for two of three": with_entries(
        shorts(280, 0, 0), shorts(281, 255, 255)
    ),
    "smallest and largest numbers for one of three": with_entries(
        shorts(340, 0), shorts(341, 255)
    ),
    "a white point of one number": with_entries(Entry(318, RATIONAL, 1, bytes(8))),
    "predictor 0": with_entries(shorts(PREDICTOR, 0)),
    "a format for one of three samples": with_entries(shorts(FORMAT, 1)),
    "a profile without bytes": with_entries(empty(PROFILE, UNDEFINED)),
    "a palette of ten colours": with_entries(shorts(PALETTE, *range(30))),
    "extra samples without a value": with_entries(empty(338, SHORT)),
    "an ink set that does not exist": with_entries(shorts(332, 9)),
    "a next directory beyond the end": stored(plain().values(), then=99_999),
    "a next directory that is none": stored(plain().values(), then=9),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD.keys())
def test_an_odd_entry_changes_no_pixel(data: bytes) -> None:
    assert near(colour(data), COLOUR)


def test_an_odd_entry_does_not_undo_the_orientation() -> None:
    tall = {256: longs(256, 8), 257: longs(257, 32), ROWS: longs(ROWS, 32)}
    entries = {**plain(), **tall, ORIENTATION: longs(ORIENTATION, 6), UNIT: shorts(UNIT, 77)}

    assert shown(stored(entries[tag] for tag in sorted(entries))).size == (32, 8)


@pytest.mark.parametrize("tag", [BITS, FORMAT, PROFILE])
def test_values_beyond_the_end_are_not_taken_from_what_is_appended(tag: int) -> None:
    last = shorts(tag, 8, 8, 8) if tag == BITS else shorts(tag, 1, 1, 1)
    entries = {**plain(), UNIT: shorts(UNIT, 77), tag: last}
    ordered = [entries[each] for each in sorted(entries.keys() - {tag})]

    data = stored([*ordered, last])

    assert near(colour(data), COLOUR)
    assert refused(data[:-1]).cause in {Cause.CORRUPT, Cause.TRUNCATED}
