"""A HEIC or an AVIF is refused if the data of one of its images are visibly not there."""

from collections.abc import Callable

import pytest

from shared.imaging.formats.heif_boxes import locations, meta_box
from shared.imaging.formats.hevc_units import what_is_missing
from shared.model.errors import Cause
from tests.imaging.rendering import refused, shown
from tests.support import images
from tests.support.images_heic import grid_heic, heic

pytestmark = pytest.mark.imaging

SIZE = (256, 192)
SMALLEST_IMAGE_BYTES = 40  # the item of a grid itself is smaller

Place = tuple[int, int]
Damage = Callable[[bytes, Place], bytes]


def places(data: bytes) -> list[Place]:
    """Return where the images are: offset and length of each extent, the largest last."""
    found = [(each.start, each.size) for each in locations(data, meta_box(data))]
    return sorted((each for each in found if each[1] > SMALLEST_IMAGE_BYTES), key=lambda at: at[1])


def zeros_from(share: float) -> Damage:
    def damage(data: bytes, place: Place) -> bytes:
        at, length = place
        start = at + round(length * share)
        return data[:start] + bytes(at + length - start) + data[at + length :]

    return damage


def zeros_of(count: int, share: float) -> Damage:
    def damage(data: bytes, place: Place) -> bytes:
        start = place[0] + round(place[1] * share)
        return data[:start] + bytes(count) + data[start + count :]

    return damage


def without(count: int, share: float) -> Damage:
    """Return a damage that removes bytes, and adds as many at the end of the file."""

    def damage(data: bytes, place: Place) -> bytes:
        start = place[0] + round(place[1] * share)
        return data[:start] + data[start + count :] + bytes(count)

    return damage


DAMAGES: dict[str, Damage] = {
    "all zeros": zeros_from(0),
    "zeros from the middle on": zeros_from(0.5),
    "zeros in the last twentieth": zeros_from(0.95),
    "zeros in the middle": zeros_of(100, 0.5),
    "eight zeros": zeros_of(8, 0.3),
    "a hundred bytes less": without(100, 0.5),
}
WHOLE: dict[str, bytes] = {
    "heic": heic(images.detail(SIZE), quality=80, chroma="420"),
    "heic of tiles": grid_heic(SIZE),
    "heic with alpha": heic(images.with_alpha(SIZE), quality=80),
    "heic of one colour": heic(images.plain((0, 0, 0), size=SIZE)),
    "avif": images.avif(SIZE),
    "avif with alpha": images.saved(images.with_alpha(SIZE), "AVIF", quality=70),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_whole_images_are_rendered(data: bytes) -> None:
    assert shown(data).size == SIZE


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("name", sorted(WHOLE.keys() - {"heic of one colour"}))
def test_zeroed_and_missing_data_are_refused(name: str, damage: Damage) -> None:
    data = WHOLE[name]

    failure = refused(damage(data, places(data)[-1]))

    assert failure.cause in {Cause.TRUNCATED, Cause.CORRUPT}


@pytest.mark.parametrize("number", range(12))
def test_each_tile_is_checked(number: int) -> None:
    data = WHOLE["heic of tiles"]

    failure = refused(zeros_from(0.5)(data, places(data)[number]))

    assert failure.cause is Cause.TRUNCATED
    assert "HEIC with all its pixels" in failure.detail


def test_alpha_is_checked() -> None:
    data = WHOLE["heic with alpha"]

    assert refused(zeros_from(0.5)(data, places(data)[0])).cause is Cause.TRUNCATED


def test_an_image_without_data_is_refused() -> None:
    data = WHOLE["heic of tiles"]
    length = places(data)[0][1].to_bytes(4, "big")
    at = data.index(length, data.index(b"iloc"))

    changed = data[:at] + bytes(4) + data[at + 4 :]

    assert "without data" in refused(changed).detail


def test_a_damaged_thumbnail_does_not_matter() -> None:
    data = heic(images.detail((640, 480)), quality=80, thumbnails=[128])
    thumbnail, _ = places(data)

    assert shown(zeros_from(0.2)(data, thumbnail)).size == (640, 480)


FIRST_SLICE, LATER_SLICE, NOTE = b"\x26\x01\xaf", b"\x26\x01\x1f", b"\x4e\x01"


def unit(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


SLICE = unit(FIRST_SLICE + b"pixels" * 20)
RIGHT: dict[str, bytes] = {
    "a slice": SLICE,
    "a note before the slice": unit(NOTE + b"note") + SLICE,
    "two slices": SLICE + unit(LATER_SLICE + b"more"),
    "a unit with zeros that are marked": unit(FIRST_SLICE + b"\0\0\3\0\0\3\1" + b"p" * 9),
    "a unit that ends with marked zeros": unit(FIRST_SLICE + b"pixels\0\0\3"),
    "zeros that fill up the unit": unit(FIRST_SLICE + b"pixels" + bytes(16)),
    "zeros that fill up the data": SLICE + bytes(16),
}
WRONG: dict[str, bytes] = {
    "no data": b"",
    "a note only": unit(NOTE + b"note"),
    "a unit that is too long": SLICE[:-1],
    "a unit whose end is zeros": unit(FIRST_SLICE + b"pixels" + bytes(64)),
    "a unit with zeros": unit(FIRST_SLICE + b"pi\0\0\0xels"),
    "a unit with a start code": unit(FIRST_SLICE + b"pi\0\0\1xels"),
    "a unit with a mark before another byte": unit(FIRST_SLICE + b"pi\0\0\3xels"),
    "zeros instead of a second slice": SLICE + bytes(200),
    "no first slice": unit(LATER_SLICE + b"more"),
    "a wrong length": SLICE + unit(LATER_SLICE + b"more")[:2] + b"\x7f" + b"more" * 9,
}


@pytest.mark.parametrize("units", RIGHT.values(), ids=RIGHT.keys())
def test_units_of_the_right_structure_lack_nothing(units: bytes) -> None:
    assert what_is_missing(units, 4) == ""


@pytest.mark.parametrize("units", WRONG.values(), ids=WRONG.keys())
def test_units_of_a_wrong_structure_lack_something(units: bytes) -> None:
    assert what_is_missing(units, 4)
