"""Alpha planes of AVIF and HEIC: premultiplied, of limited range, not turned, of another size."""

from collections.abc import Callable, Sequence

import pytest
from PIL import Image

from shared.imaging.render import Finished, render
from shared.model.limits import Limits
from tests.imaging.rendering import EXACT, near, shown
from tests.support import images
from tests.support.hand import heif
from tests.support.hand.heif import Coded

pytestmark = pytest.mark.imaging

SIZE = (64, 64)
RED, DARK_RED = (200, 60, 40), (100, 30, 20)
Coder = Callable[[Image.Image], Coded]


def limited_avif(picture: Image.Image) -> Coded:
    """Return a picture of limited range, whose grey has three planes."""
    return heif.avif(picture, range="limited")


def limited_deep_plane(picture: Image.Image) -> Coded:
    return heif.limited_avif_plane(picture, bits=10)


def deep_plane(picture: Image.Image) -> Coded:
    return heif.avif_plane(picture, bits=10)


CODERS: dict[str, tuple[Coder, Coder]] = {
    "avif with monochrome alpha": (heif.avif, heif.avif_plane),
    "avif of 10 bits with monochrome alpha": (heif.deep_avif, deep_plane),
    "avif": (heif.avif, heif.avif),
    "avif of 10 bits": (heif.deep_avif, heif.deep_avif),
    "avif with alpha of 10 bits": (heif.avif, heif.deep_avif),
    "avif of 10 bits with alpha of 8": (heif.deep_avif, heif.avif),
    "heic": (heif.heic, heif.heic),
    "heic of 10 bits": (heif.deep_heic, heif.deep_heic),
    "heic with alpha of 10 bits": (heif.heic, heif.deep_heic),
    "heic of 10 bits with alpha of 8": (heif.deep_heic, heif.heic),
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


def limited_heic(picture: Image.Image) -> Coded:
    """Return grey whose samples, and whose sequence parameters, are of limited range."""
    return heif.heic(heif.squeezed(picture), enc_params={"x265:range": "limited"})


def limited_deep_heic(picture: Image.Image) -> Coded:
    return heif.deep_heic(heif.squeezed(picture), enc_params={"x265:range": "limited"})


LEVELS = (255, 0, 128, 64)
LIMITED: dict[str, tuple[Coder, Coder]] = {
    "avif": (heif.avif, heif.limited_avif_plane),
    "avif of limited range": (limited_avif, heif.limited_avif_plane),
    "avif of 10 bits": (heif.deep_avif, limited_deep_plane),
    "avif with alpha of 10 bits": (heif.avif, limited_deep_plane),
    "avif with alpha of three planes": (heif.avif, limited_avif),
    "heic": (heif.heic, limited_heic),
    "heic with alpha of 10 bits": (heif.heic, limited_deep_heic),
    "heic of 10 bits": (heif.deep_heic, limited_heic),
    "heic of 10 bits with alpha of 10": (heif.deep_heic, limited_deep_heic),
}


@pytest.mark.parametrize("coders", LIMITED.values(), ids=LIMITED.keys())
def test_alpha_of_limited_range_is_stretched(coders: tuple[Coder, Coder]) -> None:
    colour, alpha = coders
    data = heif.file(colour(images.plain(RED, size=SIZE)), alpha(plane(*LEVELS)))

    assert near(alphas(data), LEVELS, 2)
    assert near(corners(data)[0][:3], RED, 4)


def test_alpha_of_a_heic_is_of_the_range_that_its_item_says() -> None:
    picture = heif.heic(images.plain(RED, size=SIZE))
    squeezed = heif.squeezed(plane(*LEVELS))
    full, limited = (heif.numbers(2, 2, 2, is_full=each) for each in (True, False))

    assert near(alphas(heif.file(picture, heif.heic(squeezed), said_of_alpha=[limited])), LEVELS)
    assert near(alphas(heif.file(picture, limited_heic(plane(*LEVELS)))), LEVELS)
    kept = heif.file(picture, limited_heic(plane(*LEVELS)), said_of_alpha=[full])
    assert near(alphas(kept), (235, 16, 126, 71), 3)


GREYS: dict[str, tuple[Coder, Sequence[bytes]]] = {
    "avif": (heif.limited_avif_plane, [heif.numbers(1, 13, 6, is_full=False)]),
    "avif without numbers": (heif.limited_avif_plane, []),
    "avif of 10 bits": (limited_deep_plane, [heif.numbers(1, 13, 6, is_full=False)]),
    "avif of 10 bits without numbers": (limited_deep_plane, []),
    "avif of three planes": (limited_avif, [heif.numbers(1, 13, 6, is_full=False)]),
    "heic": (limited_heic, [heif.numbers(1, 13, 6, is_full=False)]),
    "heic without numbers": (limited_heic, []),
    "heic of 10 bits": (limited_deep_heic, [heif.numbers(1, 13, 6, is_full=False)]),
    "heic of 10 bits without numbers": (limited_deep_heic, []),
}


@pytest.mark.parametrize("has_alpha", [False, True], ids=["opaque", "alpha"])
@pytest.mark.parametrize(("coder", "said"), GREYS.values(), ids=GREYS.keys())
def test_grey_of_limited_range_is_stretched(
    coder: Coder,
    said: Sequence[bytes],
    has_alpha: bool,  # noqa: FBT001 - a parameter
) -> None:
    picture = coder(plane(*LEVELS))
    full = heif.heic if picture.kind == b"hvc1" else heif.avif
    alpha = full(images.plain(200, "L", SIZE)) if has_alpha else None

    found = corners(heif.file(picture, alpha, colours=said))

    assert all(near(at[:3], (grey,) * 3, 3) for at, grey in zip(found, LEVELS, strict=True))
    assert near(found[0][3:], (200 if has_alpha else 255,), 2)


def test_alpha_is_stretched_before_colours_are_divided_by_it() -> None:
    picture = heif.avif(images.plain(DARK_RED, size=SIZE))
    alpha = limited_avif(images.plain(128, "L", SIZE))

    data = heif.file(picture, alpha, is_premultiplied=True)

    assert near(corners(data)[0], (*RED, 128), 4)


@each_coder
def test_alpha_that_is_opaque_everywhere_is_dropped(coders: tuple[Coder, Coder]) -> None:
    colour, alpha = coders
    data = heif.file(colour(images.plain(RED, size=SIZE)), alpha(images.plain(255, "L", SIZE)))

    *_, finished = render(data, EXACT, Limits())

    assert isinstance(finished, Finished)
    assert not finished.facts.has_alpha


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
