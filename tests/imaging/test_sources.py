"""Every variety of every format keeps its colours, or is refused with its cause."""

import io
import struct

import pytest
import pyvips

from shared.model.errors import Cause
from tests.imaging.rendering import colour, near, refused
from tests.support import images
from tests.support import images_by_hand as by_hand
from tests.support.images import plain, saved

pytestmark = pytest.mark.imaging

RED = (200, 60, 40)
GREY = (100, 100, 100)
HALF = (*RED, 128)
NONE = (*RED, 0)


def wide(*bands: int) -> bytes:
    """Return bands of 8 bits in 16, for one row."""
    return struct.pack(f">{len(bands)}H", *(257 * band for band in bands)) * by_hand.SIDE


def key(*bands: int) -> tuple[bytes, bytes]:
    """Return the chunk that makes one colour transparent."""
    return b"tRNS", struct.pack(f">{len(bands)}H", *bands)


BITS_OF = {1: b"\xff" * 2, 2: b"\x55" * 4, 4: b"\x66" * 8}
TWO_COLOURS = b"PLTE", bytes((0, 0, 0, *RED))
PNGS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "rgb, 16 bits": (by_hand.png(by_hand.RGB, 16, wide(*RED)), RED),
    "rgba, 16 bits": (by_hand.png(by_hand.RGB_ALPHA, 16, wide(*HALF)), HALF),
    "grey, 16 bits": (by_hand.png(by_hand.GREY, 16, wide(100)), GREY),
    "grey and alpha, 16 bits": (by_hand.png(by_hand.GREY_ALPHA, 16, wide(100, 128)), (*GREY, 128)),
    "grey and alpha": (by_hand.plain_png((100, 128)), (*GREY, 128)),
    "1 bit": (by_hand.png(by_hand.GREY, 1, BITS_OF[1]), (255, 255, 255)),
    "2 bits": (by_hand.png(by_hand.GREY, 2, BITS_OF[2]), (85, 85, 85)),
    "4 bits": (by_hand.png(by_hand.GREY, 4, BITS_OF[4]), (102, 102, 102)),
    "transparent colour": (by_hand.plain_png(RED, key(*RED)), NONE),
    "transparent colour, 16 bits": (
        by_hand.png(by_hand.RGB, 16, wide(*RED), before=[key(*(257 * each for each in RED))]),
        NONE,
    ),
    "transparent grey": (by_hand.plain_png((100,), key(100)), (*GREY, 0)),
    "palette with alpha": (
        by_hand.png(
            by_hand.PALETTE, 2, BITS_OF[2], before=[TWO_COLOURS, (b"tRNS", bytes((255, 128)))]
        ),
        HALF,
    ),
    "moving": (by_hand.apng(RED, (0, 255, 0)), RED),
}


@pytest.mark.parametrize(("data", "wanted"), PNGS.values(), ids=PNGS.keys())
def test_every_png_format_keeps_its_colours(data: bytes, wanted: tuple[int, ...]) -> None:
    found = colour(data)

    # Transparent pixels may have any colour.
    assert found[3:] == wanted[3:]
    assert wanted[3:] == (0,) or near(found, wanted)


def mpo() -> bytes:
    """Return a JPEG with an index and a second image after its end, as gain maps are stored."""
    buffer = io.BytesIO()
    second = plain((0, 0, 255))
    plain(RED).save(buffer, "MPO", save_all=True, append_images=[second], quality=100)
    return buffer.getvalue()


JPEG = saved(plain(RED), "JPEG")
JPEGS: dict[str, bytes] = {
    "4:4:4": saved(plain(RED), "JPEG", subsampling=0),
    "4:2:2": saved(plain(RED), "JPEG", subsampling=1),
    "4:2:0": saved(plain(RED), "JPEG", subsampling=2),
    "progressive": saved(plain(RED), "JPEG", progressive=True),
    "rgb by an adobe marker": saved(plain(RED), "JPEG", keep_rgb=True),
    "restart markers": saved(plain(RED), "JPEG", restart_marker_blocks=2),
    "gain map behind the end": mpo(),
    "junk behind the end": JPEG + bytes(100),
    "fill bytes before a marker": JPEG[:2] + b"\xff\xff" + JPEG[2:],
}


@pytest.mark.parametrize("data", JPEGS.values(), ids=JPEGS.keys())
def test_every_jpeg_format_keeps_its_colours(data: bytes) -> None:
    assert near(colour(data), RED)


def test_a_grey_jpeg_is_grey() -> None:
    assert near(colour(saved(plain(100, "L"), "JPEG")), GREY)


def frame_header(offset: int, value: int) -> bytes:
    """Return a JPEG with another frame header."""
    changed = bytearray(saved(plain(RED), "JPEG"))
    changed[changed.find(b"\xff\xc0") + offset] = value
    return bytes(changed)


ODD_JPEGS = {
    "12 bits": frame_header(4, 12),
    "lossless": frame_header(1, 0xC3),
    "differential": frame_header(1, 0xC5),
}


@pytest.mark.parametrize("data", ODD_JPEGS.values(), ids=ODD_JPEGS.keys())
def test_a_jpeg_that_no_browser_can_show_is_unsupported_not_corrupt(data: bytes) -> None:
    assert refused(data).cause is Cause.UNSUPPORTED_FORMAT


PLANES = bytes(256 * [RED[0]] + 256 * [RED[1]] + 256 * [RED[2]])
BODY = bytes(RED) * 256
SHORTS = struct.pack("<3H", *(257 * each for each in RED)) * 256
TIFFS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "little-endian": (by_hand.tiff(BODY), RED),
    "big-endian": (by_hand.tiff(BODY, order=">"), RED),
    "planes apart": (
        by_hand.tiff(
            PLANES,
            {273: (4, (0, 256, 512)), 279: (4, (256, 256, 256)), 284: (3, (2,))},
        ),
        RED,
    ),
    "16 bits": (by_hand.tiff(SHORTS, {258: (3, (16, 16, 16))}), RED),
    "alpha apart": (
        by_hand.tiff(bytes(HALF) * 256, {258: (3, (8,) * 4), 277: (3, (4,)), 338: (3, (2,))}),
        HALF,
    ),
    "alpha multiplied in": (
        by_hand.tiff(
            bytes((100, 30, 20, 128)) * 256, {258: (3, (8,) * 4), 277: (3, (4,)), 338: (3, (1,))}
        ),
        HALF,
    ),
    "white is zero": (
        by_hand.tiff(bytes([155]) * 256, {258: (3, (8,)), 262: (3, (0,)), 277: (3, (1,))}),
        GREY,
    ),
    "lzw": (saved(plain(RED), "TIFF", compression="tiff_lzw"), RED),
    "deflate": (saved(plain(RED), "TIFF", compression="tiff_adobe_deflate"), RED),
    "packbits": (saved(plain(RED), "TIFF", compression="packbits"), RED),
    "jpeg": (saved(plain(RED), "TIFF", compression="jpeg"), RED),
    "big": (saved(plain(RED), "TIFF", big_tiff=True), RED),
    "fax": (saved(plain(1, "1"), "TIFF", compression="group4"), (255, 255, 255)),
    "first of many pages": (
        saved(plain(RED), "TIFF", save_all=True, append_images=[plain((0, 0, 9), size=(9, 9))]),
        RED,
    ),
}


@pytest.mark.parametrize(("data", "wanted"), TIFFS.values(), ids=TIFFS.keys())
def test_every_tiff_format_keeps_its_colours(data: bytes, wanted: tuple[int, ...]) -> None:
    assert near(colour(data), wanted)


def test_a_tiff_with_a_palette_keeps_its_colours() -> None:
    picture = plain(1, "P")
    picture.putpalette([0, 0, 0, *RED])

    assert near(colour(saved(picture, "TIFF")), RED)


ODD_TIFFS = {
    "ycbcr that libvips shows as rgb": saved(plain(RED).convert("YCbCr"), "TIFF"),
    "lab of 8 bits": saved(plain(RED).convert("LAB"), "TIFF"),
    "grey of floating point": saved(plain(1, "F"), "TIFF"),
    "whole numbers of 32 bits": saved(plain(100, "I"), "TIFF"),
    "unknown compression": by_hand.tiff(BODY, {259: (3, (34712,))}),
    "dng": by_hand.tiff(BODY, {50706: (1, (1, 4, 0, 0))}),
    "mosaic of a sensor": by_hand.tiff(bytes(256), {262: (3, (32803,)), 277: (3, (1,))}),
}


@pytest.mark.parametrize("data", ODD_TIFFS.values(), ids=ODD_TIFFS.keys())
def test_a_tiff_that_libvips_renders_wrongly_is_unsupported(data: bytes) -> None:
    assert refused(data).cause is Cause.UNSUPPORTED_FORMAT


CUTTABLE = {
    "tiff": saved(images.detail((64, 64)), "TIFF"),
    "packed tiff": saved(images.detail((64, 64)), "TIFF", compression="tiff_lzw"),
    "tiff with its directory first": by_hand.tiff(BODY),
    "avif": images.avif(),
}


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("data", CUTTABLE.values(), ids=CUTTABLE.keys())
def test_a_cut_file_is_truncated_not_corrupt(data: bytes, part: float) -> None:
    assert refused(data[: int(part * len(data))]).cause is Cause.TRUNCATED


@pytest.mark.parametrize("bits", [10, 12])
def test_a_deep_avif_keeps_its_colour(bits: int) -> None:
    deep = (pyvips.Image.black(32, 32, bands=4) + list(HALF)) * 257
    picture = deep.cast("ushort").copy(interpretation="rgb16")
    data = bytes(picture.heifsave_buffer(compression="av1", bitdepth=bits, Q=95, effort=0))

    assert near(colour(data), HALF)


def test_the_first_frame_of_an_avif_sequence_is_rendered() -> None:
    data = saved(plain(RED), "AVIF", save_all=True, append_images=[plain((0, 0, 255))])

    assert near(colour(data), RED)


def test_a_lossless_webp_with_alpha_keeps_both() -> None:
    assert near(colour(saved(plain(HALF, "RGBA"), "WEBP")), HALF)


def test_interlaced_gif_and_png_are_decoded() -> None:
    picture = images.corners((64, 64))
    flat = pyvips.Image.new_from_memory(picture.tobytes(), 64, 64, 3, "uchar")
    interlaced = bytes(flat.copy(interpretation="srgb").pngsave_buffer(interlace=True))

    for data in (interlaced, saved(picture, "GIF", interlace=True)):
        assert near(colour(data, (2, 2)), images.TOP_LEFT, 3)
        assert near(colour(data, (61, 61)), images.BOTTOM_RIGHT, 3)
