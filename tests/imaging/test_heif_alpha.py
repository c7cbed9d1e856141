"""Alpha planes of AVIF and HEIC: premultiplied, of limited range, not turned, of another size."""

from collections.abc import Callable

import pytest
from PIL import Image

from shared.model.codec import Codec
from shared.model.recipe import Slot
from tests.imaging.rendering import near, pictures, shown
from tests.support import images
from tests.support.hand import heif
from tests.support.hand.heif import Coded

pytestmark = pytest.mark.imaging

SIZE = (64, 64)
RED, DARK_RED = (200, 60, 40), (100, 30, 20)
Coder = Callable[[Image.Image], Coded]
CODERS: dict[str, tuple[Coder, Coder]] = {
    "avif": (heif.avif, heif.avif),
    "avif of 10 bits": (heif.deep_avif, heif.deep_avif),
    "avif with alpha of 10 bits": (heif.avif, heif.deep_avif),
    "avif of 10 bits with alpha of 8": (heif.deep_avif, heif.avif),
    "heic": (heif.heic, heif.heic),
}
each_coder = pytest.mark.parametrize("coders", CODERS.values(), ids=CODERS.keys())


def plane(top_left: int, top_right: int, bottom_left: int, bottom_right: int) -> Image.Image:
    """Return a grey picture of four plain quarters."""
    quarters = bytes((top_left, top_right, bottom_left, bottom_right))
    return Image.frombytes("L", (2, 2), quarters).resize(SIZE, Image.Resampling.NEAREST)


def corners(data: bytes) -> list[tuple[int, ...]]:
    """Return the colours near the four corners of a rendered source."""
    picture = shown(data).convert("RGBA")
    right, bottom = picture.width - 6, picture.height - 6
    places = ((5, 5), (right, 5), (5, bottom), (right, bottom))
    return [tuple(picture.crop((*at, at[0] + 1, at[1] + 1)).tobytes()) for at in places]


def alphas(data: bytes) -> tuple[int, ...]:
    return tuple(colour[3] for colour in corners(data))


@each_coder
def test_premultiplied_colours_are_divided_by_their_alpha(coders: tuple[Coder, Coder]) -> None:
    colour, alpha = coders
    data = heif.file(
        colour(images.plain(DARK_RED, size=SIZE)),
        alpha(images.plain(128, "L", SIZE)),
        is_premultiplied=True,
    )

    assert near(corners(data)[0], (*RED, 128), 4)


@each_coder
def test_other_colours_are_not_divided_by_their_alpha(coders: tuple[Coder, Coder]) -> None:
    colour, alpha = coders
    data = heif.file(colour(images.plain(RED, size=SIZE)), alpha(images.plain(128, "L", SIZE)))

    assert near(corners(data)[0], (*RED, 128), 4)


def limited_avif(picture: Image.Image) -> Coded:
    return heif.avif(picture, range="limited")


@pytest.mark.parametrize("colour", [heif.avif, limited_avif, heif.deep_avif])
def test_alpha_of_limited_range_is_stretched(colour: Coder) -> None:
    picture = colour(images.plain(RED, size=SIZE))
    data = heif.file(picture, limited_avif(plane(255, 0, 128, 64)))

    assert near(alphas(data), (255, 0, 128, 64), 2)


def test_alpha_is_stretched_before_colours_are_divided_by_it() -> None:
    picture = heif.avif(images.plain(DARK_RED, size=SIZE))
    alpha = limited_avif(images.plain(128, "L", SIZE))

    data = heif.file(picture, alpha, is_premultiplied=True)

    assert near(corners(data)[0], (*RED, 128), 4)


@each_coder
def test_alpha_that_is_opaque_everywhere_is_dropped(coders: tuple[Coder, Coder]) -> None:
    colour, alpha = coders
    data = heif.file(colour(images.plain(RED, size=SIZE)), alpha(images.plain(255, "L", SIZE)))

    (file,) = pictures(data, (Slot.FALLBACK,))

    assert file.codec is Codec.JPEG


TURNS: dict[str, tuple[bytes, ...]] = {
    "a quarter": (heif.rotation(1),),
    "half": (heif.rotation(2),),
    "mirrored": (heif.mirroring(1),),
    "upside down": (heif.mirroring(0),),
    "mirrored and turned": (heif.rotation(3), heif.mirroring(1)),
}


@pytest.mark.parametrize("turns", TURNS.values(), ids=TURNS.keys())
@pytest.mark.parametrize("coder", [heif.avif, heif.deep_avif, heif.heic])
def test_alpha_without_the_orientation_of_its_picture_is_turned_with_it(
    coder: Coder, turns: tuple[bytes, ...]
) -> None:
    picture, alpha = coder(images.corners(SIZE)), coder(plane(255, 200, 100, 150))

    both = heif.file(picture, alpha, said=turns, said_of_alpha=turns)
    one = heif.file(picture, alpha, said=turns)

    expected = corners(both)
    by_alpha = {255: images.TOP_LEFT, 200: images.TOP_RIGHT, 100: images.BOTTOM_LEFT}
    assert all(
        near(colour[:3], by_alpha[colour[3]], 6) for colour in expected if colour[3] in by_alpha
    )
    assert all(near(a, b, 3) for a, b in zip(corners(one), expected, strict=True))


@pytest.mark.parametrize("coder", [heif.avif, heif.heic])
def test_alpha_of_another_size_is_turned_with_its_picture(coder: Coder) -> None:
    picture = coder(images.corners((128, 128)))
    alpha = coder(plane(255, 200, 100, 150))

    data = heif.file(picture, alpha, said=(heif.rotation(1),))

    assert near(alphas(data), (200, 150, 255, 100), 3)
    assert near(corners(data)[0][:3], images.TOP_RIGHT, 6)


@pytest.mark.parametrize("coder", [heif.avif, heif.heic])
def test_alpha_without_the_crop_of_its_picture_is_cropped_with_it(coder: Coder) -> None:
    picture = coder(images.plain(RED, size=SIZE))
    alpha = coder(ring())
    cropped = (heif.crop((32, 32)), heif.rotation(1))

    data = heif.file(picture, alpha, said=cropped)

    assert shown(data).size == (32, 32)
    assert near(alphas(data), (255,) * 4, 3)


def ring() -> Image.Image:
    """Return a plane that is opaque only in its inner half."""
    outer = images.plain(0, "L", SIZE)
    outer.paste(255, (16, 16, 48, 48))
    return outer


@pytest.mark.parametrize("coder", [heif.avif, heif.heic])
def test_alpha_with_an_orientation_of_its_own_keeps_it(coder: Coder) -> None:
    picture, alpha = coder(images.corners(SIZE)), coder(plane(255, 200, 100, 150))

    data = heif.file(picture, alpha, said=(heif.rotation(1),), said_of_alpha=(heif.rotation(3),))

    assert near(alphas(data), (100, 255, 150, 200), 3)


def test_items_are_found_if_the_pixels_have_no_length() -> None:
    picture, alpha = heif.avif(images.corners(SIZE)), heif.avif(plane(255, 200, 100, 150))
    data = heif.file(picture, alpha, said=(heif.rotation(1),))
    at = data.index(b"mdat") - 4

    endless = data[:at] + bytes(4) + data[at + 4 :]

    assert corners(endless) == corners(data)
    assert near(alphas(endless), (200, 150, 255, 100), 3)
