"""BMP, read by Pillow's BMP plugin only."""

import struct

import pytest

from shared.model.errors import Cause
from tests.imaging.rendering import colour, near, refused
from tests.support import images
from tests.support import images_by_hand as by_hand
from tests.support.images import plain, saved

pytestmark = pytest.mark.imaging

RED = (200, 60, 40)
STORED = bytes((40, 60, 200))  # blue first
GREEN = bytes((0, 255, 0))
TWO_COLOURS = bytes((0, 0, 0, 0)) + STORED + b"\0"
ALPHA_MASKS = struct.pack("<4I", *by_hand.MASKS)


def of_16_bits(pixel: int) -> bytes:
    return struct.pack("<H", pixel) * 8


KINDS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "24 bits": (saved(plain(RED), "BMP"), RED),
    "grey": (saved(plain(100, "L"), "BMP"), (100, 100, 100)),
    "1 bit": (saved(plain(1, "1"), "BMP"), (255, 255, 255)),
    "stored from the bottom": (by_hand.bmp(GREEN * 4 + STORED * 4), RED),
    "stored from the top": (by_hand.bmp(STORED * 4 + GREEN * 4, size=(4, -2)), RED),
    "32 bits of which 8 say nothing": (by_hand.bmp((STORED + b"\0") * 8, bits=32), RED),
    "alpha": (
        by_hand.bmp((STORED + b"\x80") * 8, bits=32, compression=3, masks=ALPHA_MASKS),
        (*RED, 128),
    ),
    "alpha that was left empty": (
        by_hand.bmp((STORED + b"\0") * 8, bits=32, compression=3, masks=ALPHA_MASKS),
        RED,
    ),
    "5 bits each": (by_hand.bmp(of_16_bits(25 << 10 | 7 << 5 | 5), bits=16), (205, 57, 41)),
    "5, 6 and 5 bits": (
        by_hand.bmp(
            of_16_bits(25 << 11 | 15 << 5 | 5),
            bits=16,
            compression=3,
            masks=struct.pack("<3I", 0xF800, 0x7E0, 0x1F),
        ),
        (205, 60, 41),
    ),
    "runs of 8 bits": (
        by_hand.bmp(b"\4\1\0\0\4\1\0\1", bits=8, compression=1, palette=TWO_COLOURS),
        RED,
    ),
    "runs of 4 bits": (
        by_hand.bmp(b"\4\x11\0\0\4\x11\0\1", bits=4, compression=2, palette=TWO_COLOURS),
        RED,
    ),
}


@pytest.mark.parametrize(("data", "wanted"), KINDS.values(), ids=KINDS.keys())
def test_every_bmp_format_keeps_its_colours(data: bytes, wanted: tuple[int, ...]) -> None:
    assert near(colour(data, (0, 0)), wanted, 3)


def test_a_bmp_with_a_palette_keeps_its_colours() -> None:
    data = saved(images.corners((64, 48)).quantize(16), "BMP")

    assert near(colour(data, (60, 45)), images.BOTTOM_RIGHT, 3)


def runs(body: bytes) -> bytes:
    """Return a BMP of eight lines in runs of 8 bits."""
    return by_hand.bmp(body, size=(4, 8), bits=8, compression=1, palette=TWO_COLOURS)


# Where no run is, the first colour of the palette shows.
EMPTY_LINES: dict[str, bytes] = {
    "last lines": runs(b"\4\1\0\0" * 4 + b"\0\0" * 4 + b"\0\1"),
    "all lines but the first": runs(b"\4\1\0\0" + b"\0\0" * 7 + b"\0\1"),
    "an end before the last lines": runs(b"\4\1\0\0" * 4 + b"\0\1"),
    "spare zeros behind the end": runs(b"\4\1\0\0" * 8 + b"\0\1" + bytes(40)),
}


@pytest.mark.parametrize("data", EMPTY_LINES.values(), ids=EMPTY_LINES.keys())
def test_empty_lines_of_a_bmp_are_rendered(data: bytes) -> None:
    assert near(colour(data, (0, 7)), RED, 3)


ODD = struct.pack("<3I", 0x3FF00000, 0xFFC00, 0x3FF)
REFUSED: dict[str, tuple[bytes, Cause]] = {
    "jpeg inside": (by_hand.bmp(bytes(40), compression=4), Cause.UNSUPPORTED_FORMAT),
    "masks of ten bits": (
        by_hand.bmp(bytes(32), bits=32, compression=3, masks=ODD),
        Cause.UNSUPPORTED_FORMAT,
    ),
    "64 bits": (by_hand.bmp(bytes(64), bits=64), Cause.UNSUPPORTED_FORMAT),
    "cut": (by_hand.bmp(bytes(12)), Cause.TRUNCATED),
    "cut runs": (
        by_hand.bmp(b"\4\1\0\0", bits=8, compression=1, palette=TWO_COLOURS),
        Cause.TRUNCATED,
    ),
    "runs that end in zeros": (runs(b"\4\1\0\0" * 3 + bytes(40)), Cause.TRUNCATED),
    "cut header": (saved(plain(RED), "BMP")[:30], Cause.TRUNCATED),
    "no width": (by_hand.bmp(b"", size=(0, 2)), Cause.CORRUPT),
    "a width below nothing": (by_hand.bmp(b"", size=(-4, 2)), Cause.TOO_MANY_PIXELS),
    "many pixels in runs": (
        by_hand.bmp(b"\0\1", size=(2001, 2000), bits=8, compression=1, palette=TWO_COLOURS),
        Cause.TOO_COSTLY,
    ),
    "more than anybody has": (by_hand.bmp(b"", size=(99_999, 99_999)), Cause.TOO_MANY_PIXELS),
}


@pytest.mark.parametrize(("data", "cause"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bmp_that_pillow_cannot_read_is_refused_with_its_cause(
    data: bytes, cause: Cause
) -> None:
    assert refused(data).cause is cause
