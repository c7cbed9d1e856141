"""Colours under transparency and in animations."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from shared.imaging.intake.probe import probe
from shared.imaging.load import load
from shared.imaging.render import render
from shared.model.geometry import Size
from shared.model.limits import Limits
from shared.model.recipe import Animation, Recipe, Slot, Variant
from tests.support import images

pytestmark = pytest.mark.imaging

RUNGS = (Size(320, 240), Size(160, 120), Size(64, 48), Size(33, 25))
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def saved(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """Return a picture's file."""
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("alpha", [1, 5, 20, 60, 128, 254])
def test_a_semi_transparent_colour_is_the_same_on_every_rung(alpha: int) -> None:
    wanted = (200, 120, 60, alpha)
    data = saved(Image.new("RGBA", (640, 480), wanted), "PNG")

    held = load(data, probe(data), RUNGS[0])

    for rung in RUNGS:
        held = held.shrunk(rung)
        picture = held.to_srgb()
        assert (picture.width, picture.height) == (rung.width, rung.height)
        assert picture(rung.width // 2, 0) == pytest.approx(wanted, abs=2)


def test_fully_transparent_pixels_do_not_colour_their_neighbours() -> None:
    picture = Image.new("RGBA", (300, 200), (0, 255, 0, 0))
    picture.paste((200, 0, 0, 255), (0, 0, 151, 200))
    data = saved(picture, "PNG")

    small = load(data, probe(data), Size(37, 25)).to_srgb()

    seen = [small(x, 12) for x in range(37)]
    assert seen[0] == [200, 0, 0, 255]
    assert seen[-1][3] == 0
    assert max(colour[1] for colour in seen if colour[3]) <= 2


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_an_image_with_alpha_is_rotated_upright(orientation: int) -> None:
    stored = images.corners((160, 120)).transpose(images.STORED_AS[orientation])
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    stored.putalpha(200)
    data = saved(stored, "PNG", exif=exif)

    small = load(data, probe(data), Size(80, 60)).to_srgb()

    assert (small.width, small.height) == (80, 60)
    assert small(5, 5)[:3] == pytest.approx(images.TOP_LEFT, abs=2)
    assert small(75, 55)[:3] == pytest.approx(images.BOTTOM_RIGHT, abs=2)


def blinking(format_name: str, frames: int = 4, **options: object) -> bytes:
    """Return an animation of black and white frames, each shown for 70 ms, three times."""
    first, *rest = (Image.new("RGB", (101, 67), (BLACK, WHITE)[at % 2]) for at in range(frames))
    if format_name == "WEBP":
        options["lossless"] = True
    return saved(
        first, format_name, save_all=True, append_images=rest, duration=70, loop=3, **options
    )


@pytest.mark.parametrize("format_name", ["GIF", "WEBP"])
def test_no_frame_bleeds_into_the_next(format_name: str) -> None:
    data = blinking(format_name)

    held = load(data, probe(data), Size(50, 33))
    strip, smaller = held.to_srgb(), held.shrunk(Size(33, 22)).to_srgb()

    for each, height in ((strip, 33), (smaller, 22)):
        assert (each.get_page_height(), each.height) == (height, 4 * height)
        for frame in range(4):
            part = each.crop(0, frame * height, each.width, height)
            assert part.min() == part.max() == (frame % 2) * 255
        assert each.get("delay") == [70] * 4
        assert each.get("loop") == strip.get("loop")


@pytest.mark.parametrize("orientation", [3, 6])
def test_the_orientation_of_an_animation_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    data = blinking("WEBP", exif=exif)
    recipe = Recipe("plain", (Variant("w50", (Slot.WEBP,), width=50),))

    files = [each for each in render(data, recipe, Limits()) if hasattr(each, "data")]

    assert probe(data).upright == Size(101, 67)
    picture = Image.open(io.BytesIO(files[0].data))
    assert picture.size == (50, 33)
    assert getattr(picture, "n_frames", 1) == 4


def test_a_first_frame_costs_one_frame_only() -> None:
    data = blinking("GIF", frames=6)
    limits = Limits(max_frames=1, max_pixels=101 * 67)
    plain = Recipe("plain", (Variant("w50", (Slot.WEBP,), width=50),))

    *_, finished = render(data, replace(plain, animation=Animation.FIRST_FRAME), limits)

    assert not hasattr(finished, "data")
