"""No metadata of place, person or device reaches a variant."""

import pytest

from shared.model.recipe import Slot
from tests.imaging.rendering import opened, pictures
from tests.support import images, images_heic

pytestmark = pytest.mark.imaging

SOURCES = {
    "jpeg": images.oriented_jpeg(6),
    "heic": images_heic.oriented_heic(6),
    **{name.lower(): images.oriented(name, 6) for name in ("PNG", "WEBP", "TIFF", "AVIF")},
}
TELLTALES = (b"Exif", b"EXIF", b"eXIf", b"Somebody", b"adobe:ns:meta", b"XMP", b"ICCP", b"GPS")


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_no_variant_holds_position_person_or_device(source: bytes) -> None:
    assert b"Somebody" in source

    for file in pictures(source):
        picture = opened(file)
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment", "photoshop"} & set(picture.info)
        assert [word for word in TELLTALES if word in file.data] == []


@pytest.mark.parametrize("slot", list(Slot))
def test_no_variant_of_a_transparent_image_or_an_animation_holds_them(slot: Slot) -> None:
    frames = [images.with_alpha((64, 48), seed=seed) for seed in (1, 2)]
    still = images.saved(frames[0], "PNG", exif=images.exif(1))
    moving = images.saved(
        frames[0], "WEBP", save_all=True, append_images=frames[1:], exif=images.exif(1)
    )

    for source in (still, moving):
        (file,) = pictures(source, (slot,))
        assert b"Somebody" in source
        assert [word for word in TELLTALES if word in file.data] == []
