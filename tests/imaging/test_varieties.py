"""A variety of a rendered format that cannot be read is unsupported, and is named in words."""

import struct
import zlib
from collections.abc import Callable

import pytest

from shared.model.errors import Cause
from tests.imaging.rendering import colour, near, refused
from tests.support import images, images_heic
from tests.support import images_by_hand as by_hand
from tests.support.hand import heif, iso, tiff
from tests.support.hand.png import MAGIC, chunk
from tests.support.images import plain, saved

pytestmark = pytest.mark.imaging

SIDE = by_hand.SIDE
RED = (200, 60, 40)
GREY_TIFF, RGB_TIFF, PALETTE_TIFF = 1, 2, 3
WHOLE, SIGNED, FLOAT = 1, 2, 3


def depth_tiff(
    *bits: int, photometric: int = RGB_TIFF, kind: int = WHOLE, body: bytes | None = None
) -> bytes:
    """Return a TIFF of as many bands as depths; its pixels are ones unless `body` is given."""
    row = -(-sum(bits) * SIDE // 8)
    fields: dict[int, by_hand.Field] = {
        258: (by_hand.SHORT, bits),
        262: (by_hand.SHORT, (photometric,)),
        277: (by_hand.SHORT, (len(bits),)),
        339: (by_hand.SHORT, (kind,) * len(bits)),
    }
    if photometric == PALETTE_TIFF:
        fields[320] = (by_hand.SHORT, (257 * 100,) * (3 << bits[0]))
    return by_hand.tiff(b"\xff" * row * SIDE if body is None else body, fields)


ODD_DEPTHS = (3, 5, 6, 7, 9, 10, 12, 14, 15, 24, 32, 64)
DEPTHS: dict[str, tuple[bytes, str]] = {
    **{
        f"grey of {bits} bits": (depth_tiff(bits, photometric=GREY_TIFF), f"{bits} bits")
        for bits in ODD_DEPTHS
    },
    **{
        f"rgb of {bits} bits": (depth_tiff(bits, bits, bits), f"{bits} bits")
        for bits in (1, 2, 4, *ODD_DEPTHS)
    },
    **{
        f"palette of {bits} bits": (depth_tiff(bits, photometric=PALETTE_TIFF), f"{bits} bits")
        for bits in (3, 5, 6, 7, 10, 12)
    },
    "mixed depths": (depth_tiff(5, 6, 5), "5/6 bits"),
    "floating point of 64 bits": (depth_tiff(64, 64, 64, kind=FLOAT), "floating-point samples"),
    "floating point of 24 bits": (depth_tiff(24, 24, 24, kind=FLOAT), "floating-point samples"),
    "signed": (depth_tiff(8, 8, 8, kind=SIGNED), "signed samples of 8 bits"),
}


@pytest.mark.parametrize(("data", "words"), DEPTHS.values(), ids=DEPTHS.keys())
def test_a_tiff_of_a_depth_that_libvips_cannot_read_is_unsupported(
    data: bytes, words: str
) -> None:
    failure = refused(data)

    assert failure.cause is Cause.UNSUPPORTED_FORMAT
    assert words in failure.detail


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_grey_tiff_of_a_usual_depth_is_rendered(bits: int) -> None:
    assert near(colour(depth_tiff(bits, photometric=GREY_TIFF)), (255, 255, 255))


def test_tiles_of_separate_planes_are_unsupported() -> None:
    failure = refused(tiff.tiff(32, tile=16, planes=3))

    assert failure.cause is Cause.UNSUPPORTED_FORMAT
    assert "tiles of separate planes" in failure.detail


def test_separate_planes_of_grey_and_others_are_unsupported() -> None:
    rgb, grey = (struct.pack("<HHII", 262, tiff.SHORT, 1, each) for each in (2, 1))

    failure = refused(tiff.tiff(32, planes=3).replace(rgb, grey))

    assert failure.cause is Cause.UNSUPPORTED_FORMAT
    assert "separate planes of grey" in failure.detail


def test_one_band_is_one_plane() -> None:
    data = tiff.tiff(32, tile=16)
    separate = struct.pack("<HHII", tiff.PLANAR, tiff.SHORT, 1, tiff.SEPARATE)
    changed = data.replace(struct.pack("<HHII", tiff.PLANAR, tiff.SHORT, 1, tiff.CHUNKY), separate)

    assert changed != data
    assert near(colour(changed), (0, 0, 0))


def test_directories_in_a_circle_show_the_first_page() -> None:
    assert near(colour(tiff.circle()), (0, 0, 0))


def png_header(bits: int, kind: int = 0) -> bytes:
    return struct.pack(">IIBBBBB", SIDE, SIDE, bits, kind, 0, 0, 0)


def deep_png(bits: int, kind: int = 0) -> bytes:
    """Return a PNG that declares a depth and a colour type."""
    body = chunk(b"IDAT", zlib.compress(bytes(SIDE * (1 + 8 * SIDE))))
    return MAGIC + chunk(b"IHDR", png_header(bits, kind)) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("bits", "kind"),
    [(3, 0), (5, 0), (6, 3), (7, 0), (10, 2), (12, 2), (14, 6), (4, 2), (16, 3), (0, 0)],
)
def test_a_png_of_a_depth_that_does_not_exist_is_unsupported(bits: int, kind: int) -> None:
    failure = refused(deep_png(bits, kind))

    assert failure.cause is Cause.UNSUPPORTED_FORMAT
    assert f"samples of {bits} bits" in failure.detail


def test_a_damaged_depth_of_a_png_is_corrupt() -> None:
    good, bad = chunk(b"IHDR", png_header(8)), bytearray(chunk(b"IHDR", png_header(8)))
    bad[16] = 12

    failure = refused(deep_png(8).replace(good, bytes(bad)))

    assert failure.cause is Cause.CORRUPT


def moving_avif() -> bytes:
    options = {"save_all": True, "append_images": [plain((0, 0, 255))]}
    return saved(plain(RED), "AVIF", **options)


def without_still_image(data: bytes) -> bytes:
    return data.replace(b"meta", b"free", 1)


def with_brands(data: bytes, brand: bytes) -> bytes:
    """Return a HEIF file all of whose brands are one."""
    size = int.from_bytes(data[:4], "big")
    compatible = brand * ((size - 16) // 4)
    return data[:8] + brand + data[12:16] + compatible + data[size:]


def layered_avif(name: bytes, value: bytes) -> bytes:
    return heif.file(heif.avif(images.corners((64, 64))), said=[iso.box(name, value)])


def heic_sequence() -> bytes:
    """Return a HEIC whose only index is that of a sequence."""
    return without_still_image(images_heic.heic()) + iso.box(b"moov", b"")


UNREAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "avif sequence": (lambda: without_still_image(moving_avif()), "without a still image"),
    "avif sequence, avis only": (
        lambda: with_brands(without_still_image(moving_avif()), b"avis"),
        "without a still image",
    ),
    "heic sequence": (heic_sequence, "without a still image"),
    "avif of brand mif3": (lambda: with_brands(images.avif(), b"mif3"), "mif3"),
    "avif of brand miaf": (lambda: with_brands(images.avif(), b"miaf"), "supported brands"),
    "heic of brand miaf": (
        lambda: with_brands(images_heic.heic(), b"miaf"),
        "supported brands",
    ),
    "avif, operating point": (lambda: layered_avif(b"a1op", b"\1"), "one layer of several"),
    "avif, first layer": (lambda: layered_avif(b"lsel", b"\0\0"), "one layer of several"),
    "avif, unknown property": (lambda: layered_avif(b"new!", b""), "essential item property"),
    "crushed png": (
        lambda: MAGIC + chunk(b"CgBI", b"\x50\0\x20\6") + deep_png(8)[8:],
        "Xcode",
    ),
}


@pytest.mark.parametrize(("make", "words"), UNREAD.values(), ids=UNREAD.keys())
def test_a_variety_that_cannot_be_read_is_unsupported(
    make: Callable[[], bytes], words: str
) -> None:
    failure = refused(make())

    assert failure.cause is Cause.UNSUPPORTED_FORMAT
    assert words in failure.detail


READ: dict[str, Callable[[], bytes]] = {
    "whole operating point": lambda: layered_avif(b"a1op", b"\0"),
    "all layers": lambda: layered_avif(b"lsel", b"\xff\xff"),
    "sizes of layers": lambda: layered_avif(b"a1lx", bytes(7)),
    "brand mif1": lambda: with_brands(images.saved(images.corners((64, 64)), "AVIF"), b"mif1"),
}


@pytest.mark.parametrize("make", READ.values(), ids=READ.keys())
def test_an_avif_that_shows_all_of_its_picture_is_rendered(make: Callable[[], bytes]) -> None:
    assert near(colour(make(), (4, 4)), images.TOP_LEFT, 12)
