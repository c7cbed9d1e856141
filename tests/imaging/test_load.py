"""Decoded images are upright and complete on every path through `load`."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from shared.imaging.cascade import Headroom, Plain, Premultiplied
from shared.imaging.intake.probe import probe
from shared.imaging.load import load
from shared.model.geometry import Size
from tests.support import images, profiles

pytestmark = pytest.mark.imaging

SIZE = (640, 480)
SMALL = Size(160, 120)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """Return a picture's file."""
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def extra_samples(meaning: int) -> bytes:
    """Return the TIFF entry that declares the extra band: TIFF 6.0, page 31."""
    return struct.pack("<HHIHH", 338, 3, 1, meaning, 0)


def product(mode: str = "RGB") -> Image.Image:
    """Return a white page with a dark square in its upper left corner."""
    page = Image.new("RGB", SIZE, (255, 255, 255))
    page.paste((20, 20, 20), (0, 0, 200, 150))
    return page.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP"])
def test_a_page_gets_headroom_and_keeps_its_full_range(format_name: str, mode: str) -> None:
    data = saved(product(mode), format_name)

    picture = load(data, probe(data), SMALL)

    shown = picture.to_srgb()
    assert isinstance(picture, Headroom)
    assert (shown.width, shown.height, shown.bands, shown.format) == (160, 120, 3, "uchar")
    assert shown(10, 10) == pytest.approx([20] * 3, abs=3)
    assert shown(150, 110) == pytest.approx([255] * 3, abs=1)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_page_that_is_decoded_twice_is_rotated_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    data = saved(product().transpose(images.STORED_AS[orientation]), "JPEG", exif=exif)

    shown = load(data, probe(data), SMALL).to_srgb()

    assert (shown.width, shown.height) == (160, 120)
    assert max(shown(10, 10)) < 60
    assert min(min(shown(*corner)) for corner in ((150, 10), (10, 110), (150, 110))) > 240


def test_a_photograph_gets_no_headroom() -> None:
    for data in (images.jpeg(SIZE), images.png(SIZE), images.webp(SIZE)):
        assert isinstance(load(data, probe(data), SMALL), Plain)


def test_a_page_at_its_own_size_keeps_every_level() -> None:
    page = product()
    page.paste((200, 100, 51), (300, 300, 400, 400))
    data = saved(page, "PNG")

    shown = load(data, probe(data), Size(*SIZE)).to_srgb()

    assert shown(350, 350) == [200, 100, 51]


def test_opaque_alpha_is_dropped_before_resizing() -> None:
    opaque, clear = images.opaque_alpha_png(SIZE), images.alpha_png(SIZE)

    assert isinstance(load(opaque, probe(opaque), SMALL), Plain)
    assert isinstance(load(clear, probe(clear), SMALL), Premultiplied)


def test_an_srgb_profile_changes_no_pixel() -> None:
    picture = images.detail(SIZE)
    bare = saved(picture, "JPEG", quality=90)
    tagged = saved(picture, "JPEG", quality=90, icc_profile=SRGB)

    shown = [load(data, probe(data), SMALL).to_srgb() for data in (bare, tagged)]

    assert shown[0].write_to_memory() == shown[1].write_to_memory()


def test_a_page_in_a_jpeg_at_its_own_size_keeps_every_level() -> None:
    data = saved(product(), "JPEG", quality=100, subsampling=0)

    shown = load(data, probe(data), Size(*SIZE)).to_srgb()

    decoded = Image.open(io.BytesIO(data)).convert("RGB")
    assert list(bytes(shown.write_to_memory())) == pytest.approx(list(decoded.tobytes()), abs=1)


def test_a_saved_selection_in_a_tiff_is_not_alpha() -> None:
    clear = saved(images.with_alpha(SIZE), "TIFF")
    plain = clear.replace(extra_samples(2), extra_samples(0))

    pictures = [load(data, probe(data), SMALL) for data in (plain, clear)]

    assert clear.count(extra_samples(2)) == 1
    assert [probe(data).has_alpha for data in (plain, clear)] == [False, True]
    assert [picture.to_srgb().bands for picture in pictures] == [3, 4]


def test_a_png_keyword_in_latin_1_does_not_fail_the_image() -> None:
    whole = images.png(SIZE)
    chunk = b"tEXt" + "Gr\u00f6\u00dfe\0drei".encode("latin-1")
    named = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data = whole[:33] + named + whole[33:]  # after IHDR

    picture = load(data, probe(data), SMALL)

    assert picture.to_srgb().width == SMALL.width


def test_a_profile_with_broken_curves_is_ignored() -> None:
    whole = profiles.display_p3()
    broken = whole.replace(b"curv", b"xxxx")
    picture = Image.new("RGB", SIZE, (200, 100, 50))

    seen = [
        load(data, probe(data), SMALL).to_srgb()(80, 60)
        for data in (
            saved(picture, "PNG", icc_profile=whole),
            saved(picture, "PNG", icc_profile=broken),
        )
    ]

    assert seen[0] == pytest.approx([216, 93, 24], abs=3)
    assert seen[1] == [200, 100, 50]
