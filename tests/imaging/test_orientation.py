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


def by_exif_alone(orientation: int, *, is_miaf: bool = False) -> bytes:
    """Return a HEIC without an orientation in its container, as Samsung's phones wrote it."""
    data = stored("HEIC", orientation)
    for name in (b"irot", b"imir"):
        data = data.replace(name, b"free")
    return data if is_miaf else data.replace(b"miaf", b"mif2", 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_without_an_orientation_is_turned_by_exif(orientation: int) -> None:
    assert is_upright(by_exif_alone(orientation))


def test_a_heic_with_alpha_is_turned_by_exif() -> None:
    picture = images.corners(SIZE).transpose(images.STORED_AS[6]).convert("RGBA")
    picture.putalpha(200)
    picture.info["exif"] = images.exif(6).tobytes()
    data = images_heic.as_stored(picture).replace(b"miaf", b"mif2", 1)

    assert is_upright(data)
    assert shown(data).getchannel("A").getextrema() == (200, 200)


def test_exif_does_not_turn_a_heic_that_promises_not_to_be_turned_by_it() -> None:
    assert not is_upright(by_exif_alone(6, is_miaf=True))


def test_exif_of_another_picture_does_not_turn_a_heic() -> None:
    data = by_exif_alone(6)
    described = data.index(b"cdsc") + 4
    elsewhere = bytearray(data)
    elsewhere[described + 5] = 9  # the number of the item that the EXIF is about

    assert not is_upright(bytes(elsewhere))


def test_an_avif_without_an_orientation_is_not_turned_by_exif() -> None:
    data = stored("AVIF", 6).replace(b"irot", b"free").replace(b"miaf", b"mif2", 1)

    assert not is_upright(data)


def test_an_animation_is_not_rotated_as_in_browsers() -> None:
    first, second = images.corners(SIZE), images.plain((1, 2, 3), size=SIZE)
    data = images.saved(first, "WEBP", save_all=True, append_images=[second], exif=images.exif(6))

    (file,) = pictures(data, (Slot.WEBP,))

    assert (file.width, file.height) == SIZE
