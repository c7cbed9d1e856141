"""An image is rotated upright once, whichever way its format declares the orientation."""

import pytest

from shared.model.recipe import Slot
from tests.imaging.rendering import near, pictures, shown
from tests.support import images, images_heic

pytestmark = pytest.mark.imaging

SIZE = (96, 64)
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC")


def stored(format_name: str, orientation: int) -> bytes:
    """Return the corners in a format; AVIF and HEIC have the orientation of their container."""
    if format_name == "HEIC":
        return images_heic.oriented_heic(orientation, SIZE)
    if format_name == "JPEG":
        return images.oriented_jpeg(orientation, SIZE)
    return images.oriented(format_name, orientation, SIZE)


def is_upright(data: bytes, size: tuple[int, int] = SIZE) -> bool:
    """Return whether each corner has its colour."""
    picture = shown(data).convert("RGB")
    right, bottom = picture.width - 6, picture.height - 6
    corners = {
        (5, 5): images.TOP_LEFT,
        (right, 5): images.TOP_RIGHT,
        (5, bottom): images.BOTTOM_LEFT,
        (right, bottom): images.BOTTOM_RIGHT,
    }
    return picture.size == size and all(
        near(tuple(picture.crop((*at, at[0] + 1, at[1] + 1)).tobytes()), wanted, 6)
        for at, wanted in corners.items()
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_orientation_of_every_format_comes_out_upright(
    format_name: str, orientation: int
) -> None:
    assert is_upright(stored(format_name, orientation))


@pytest.mark.parametrize("format_name", ["AVIF", "HEIC"])
def test_the_container_orientation_wins_over_exif(format_name: str) -> None:
    # Some programs rotate the pixels and keep the EXIF orientation, which viewers ignore.
    turned = stored(format_name, 6)
    said = turned.find(b"irot")

    still = turned[:said] + b"free" + turned[said + 4 :]

    assert said > 0
    assert shown(still).size == (SIZE[1], SIZE[0])
    assert not is_upright(still)


def test_an_animation_is_not_rotated_as_in_browsers() -> None:
    first, second = images.corners(SIZE), images.plain((1, 2, 3), size=SIZE)
    data = images.saved(first, "WEBP", save_all=True, append_images=[second], exif=images.exif(6))

    (file,) = pictures(data, (Slot.WEBP,))

    assert (file.width, file.height) == SIZE
