"""GIF frames are composed as in browsers, and keep their timing."""

import io

import pytest
from PIL import Image

from shared.model.recipe import Slot
from tests.imaging.rendering import near, pictures, shown
from tests.support import images_by_hand as by_hand
from tests.support.images import plain, saved

pytestmark = pytest.mark.imaging

RED = (200, 60, 40, 255)
BLUE, GREEN = (0, 0, 255, 255), (0, 255, 0, 255)
IN_CORNER, IN_SQUARE = (4, 4), (30, 30)


def gif(disposal: int) -> bytes:
    """Return three frames: red, a blue square in its middle, and a green corner."""
    frames = [plain(RED, size=(64, 64)).convert("RGBA") for _ in range(2)]
    frames[1].paste((0, 0, 255, 255), (20, 20, 40, 40))
    third = Image.new("RGBA", (64, 64))
    third.paste((0, 255, 0, 255), (0, 0, 10, 10))
    return saved(
        frames[0],
        "GIF",
        save_all=True,
        append_images=[frames[1], third],
        disposal=[1, disposal, 1],
        duration=[0, 70, 100],
        loop=3,
        optimize=False,
    )


def frames_of(data: bytes) -> list[Image.Image]:
    """Return each frame as a viewer composes it."""
    picture, found = Image.open(io.BytesIO(data)), []
    for at in range(getattr(picture, "n_frames", 1)):
        picture.seek(at)
        found.append(picture.convert("RGBA"))
    return found


# What the third frame shows where the second frame has its square.
LEFT_BEHIND = {"kept": (1, BLUE), "cleared": (2, (0, 0, 0, 0)), "put back": (3, RED)}


@pytest.mark.parametrize(("disposal", "wanted"), LEFT_BEHIND.values(), ids=LEFT_BEHIND.keys())
def test_each_frame_is_disposed_of_as_it_declares(disposal: int, wanted: tuple[int, ...]) -> None:
    for file in pictures(gif(disposal)):
        first, second, third = frames_of(file.data)
        assert near(pixel(first, IN_SQUARE), RED, 12)
        assert near(pixel(second, IN_SQUARE), BLUE, 12)
        assert near(pixel(third, IN_CORNER), GREEN, 12)
        found = pixel(third, IN_SQUARE)
        assert found[3] == wanted[3]
        assert wanted[3] == 0 or near(found, wanted, 12)


FULL, MIDDLE, CORNER = (0, 0, 16, 16), (4, 4, 8, 8), (0, 0, 2, 2)


@pytest.mark.parametrize("slot", list(Slot))
def test_a_cleared_area_is_transparent_without_a_transparent_colour(slot: Slot) -> None:
    data = by_hand.gif((FULL, 1, RED[:3]), (MIDDLE, 2, BLUE[:3]), (CORNER, 1, GREEN[:3]))

    (file,) = pictures(data, (slot,))

    _, second, third = frames_of(file.data)
    assert near(pixel(second, (8, 8)), BLUE, 12)
    assert pixel(third, (8, 8))[3] == 0
    assert near(pixel(third, (14, 14)), RED, 12)


@pytest.mark.parametrize("controls", [True, False], ids=["with a control", "without"])
def test_the_area_around_a_small_frame_is_transparent(
    controls: bool,  # noqa: FBT001 - a parameter
) -> None:
    picture = shown(by_hand.gif((MIDDLE, 0, BLUE[:3]), controls=controls))

    assert pixel(picture, (1, 1))[3] == 0
    assert near(pixel(picture, (8, 8)), BLUE, 12)


def test_a_frame_that_fills_the_screen_has_no_alpha() -> None:
    assert shown(by_hand.gif((FULL, 0, BLUE[:3]))).mode == "RGB"


def test_delays_and_the_number_of_loops_are_kept() -> None:
    for file in pictures(gif(1)):
        picture = Image.open(io.BytesIO(file.data))
        # WebP holds the number of plays, GIF the number of repetitions.
        assert picture.info["loop"] == {"GIF": 3, "WEBP": 4}[picture.format or ""]
        # Browsers show a frame of at most 10 ms for 100 ms.
        assert delays(picture) == [100, 70, 100]


def pixel(picture: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return found


def delays(picture: Image.Image) -> list[int]:
    """Return how long each frame is shown, in milliseconds."""
    found = []
    for at in range(getattr(picture, "n_frames", 1)):
        picture.seek(at)
        picture.load()
        found.append(int(picture.info["duration"]))
    return found
