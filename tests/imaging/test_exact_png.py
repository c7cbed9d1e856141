"""PNG files are small and exact, whatever the number of colours."""

import io
import zlib
from hashlib import shake_256
from itertools import islice, product

import pytest
import pyvips
from PIL import Image

from shared.imaging.encoding.exact_png import exact_png
from shared.imaging.encoding.own_png import own_png
from shared.imaging.formats.png_parts import PngParts
from tests.support import images

pytestmark = pytest.mark.imaging

SIZE = (61, 47)
LEVELS = tuple(range(0, 256, 15))
BASIC: dict[str, object] = {"compression": 6, "is_drawn": True, "keep": "none"}


def checkered(mode: str, count: int) -> Image.Image:
    """Return a picture of exactly `count` colours, each of them many times."""
    bands = len(mode)
    colours = list(islice(product(LEVELS, repeat=bands), count))
    picture = Image.new(mode, SIZE)
    order = shake_256(b"colours").digest(SIZE[0] * SIZE[1])
    places = [(byte + at) % count for at, byte in enumerate(order)]
    picture.frombytes(b"".join(bytes(colours[place]) for place in places))
    return picture


def as_vips(picture: Image.Image) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(images.saved(picture, "PNG"), "").colourspace("srgb")


def exact(picture: Image.Image, **options: object) -> Image.Image:
    return Image.open(io.BytesIO(exact_png(as_vips(picture), **{**BASIC, **options})))  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 16, 17, 255, 256, 257])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_file_has_the_pixels_of_its_image(mode: str, count: int) -> None:
    picture = checkered(mode, count) if mode != "L" or count <= len(LEVELS) else images.plain(9)

    made = exact(picture)

    assert made.convert("RGBA").tobytes() == picture.convert("RGBA").tobytes()


@pytest.mark.parametrize(
    ("mode", "count", "bits"), [("RGB", 2, 1), ("RGB", 4, 2), ("RGB", 16, 4), ("RGBA", 200, 8)]
)
def test_a_palette_has_as_few_bits_as_its_colours_need(mode: str, count: int, bits: int) -> None:
    made = exact_png(as_vips(checkered(mode, count)), **BASIC)  # type: ignore[arg-type] # by name

    assert PngParts.of(made).header[8:10] == bytes((bits, 3))


def test_black_and_white_take_one_bit_without_a_palette() -> None:
    page = Image.new("RGB", SIZE, (255, 255, 255))
    page.paste((0, 0, 0), (9, 9, 30, 30))

    made = PngParts.of(exact_png(as_vips(page), **BASIC))  # type: ignore[arg-type] # by name

    assert made.header[8:10] == bytes((1, 0))
    assert made.others == ()


def test_a_photograph_is_filtered() -> None:
    picture = as_vips(images.with_alpha((200, 160)))

    made = exact_png(picture, compression=6, is_drawn=False, keep="none")

    assert len(made) < 0.8 * len(picture.pngsave_buffer(filter="none", keep="none"))


def squeezed(picture: Image.Image) -> bytes:
    """Return a PNG that is smaller than what zlib's level 6 makes."""
    return images.saved(picture, "PNG", optimize=True, compress_level=9)


def test_the_compressed_pixels_of_a_source_are_taken_over_without_its_metadata() -> None:
    picture = images.with_alpha(SIZE)
    source = squeezed(picture)
    said = source[:33] + text_chunk() + source[33:]

    own = own_png(said, as_vips(picture), below=len(said))

    assert own is not None
    assert b"secret" not in own
    assert Image.open(io.BytesIO(own)).tobytes() == picture.tobytes()


def test_a_larger_source_is_not_taken_over() -> None:
    picture = images.with_alpha(SIZE)
    source = squeezed(picture)

    assert own_png(source, as_vips(picture), below=len(source) // 2) is None


@pytest.mark.parametrize("what", ["other pixels", "another size", "more data", "cut", "16 bits"])
def test_a_source_that_is_not_just_the_image_is_not_taken_over(what: str) -> None:
    picture = images.with_alpha(SIZE)
    shown, source = as_vips(picture), squeezed(picture)
    match what:
        case "other pixels":
            shown = shown.invert()
        case "another size":
            shown = shown.crop(0, 0, 60, 40)
        case "more data":
            parts = PngParts.of(source)
            source = PngParts(parts.header, (), parts.pixels + b"<script>").written()
        case "cut":
            parts = PngParts.of(source)
            whole = zlib.decompress(parts.pixels)
            source = PngParts(parts.header, (), zlib.compress(whole[:-9])).written()
        case _:
            source = images.deep_png(SIZE)

    assert own_png(source, shown, below=1 << 20) is None


def text_chunk() -> bytes:
    body = b"tEXtComment\0secret"
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
