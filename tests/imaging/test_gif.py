"""GIF frames are composed as in browsers, and keep their timing."""

import io
import random

import pytest
from PIL import Image

from shared.imaging.intake.probe import probe
from shared.imaging.render import Encoded, render
from shared.model.limits import Limits
from shared.model.manifest import SourceFacts
from shared.model.recipe import Animation, Recipe, Slot, Variant
from tests.imaging.composing import Drawn, Pixel, composed, difference, frames_of
from tests.imaging.rendering import near, pictures, shown
from tests.support import images
from tests.support import images_by_hand as by_hand
from tests.support.hand import gif as hand
from tests.support.hand.apng import CLEAR, KEEP, OVER, RESTORE
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


def frames_in(data: bytes) -> list[Image.Image]:
    """Return each frame of a file as Pillow composes it."""
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
        first, second, third = frames_in(file.data)
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

    _, second, third = frames_in(file.data)
    assert near(pixel(second, (8, 8)), BLUE, 12)
    assert pixel(third, (8, 8))[3] == 0
    assert near(pixel(third, (14, 14)), RED, 12)


def test_an_animated_webp_says_that_it_has_alpha_where_no_frame_has() -> None:
    data = by_hand.gif((FULL, 1, RED[:3]), (MIDDLE, 2, BLUE[:3]), (CORNER, 1, GREEN[:3]))

    (file,) = pictures(data, (Slot.WEBP,))

    assert file.data[12:16] == b"VP8X"
    assert file.data[20] & 0x10


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


SIZE = (7, 5)
SEEDS = range(40)
PAINT = [hand.PALETTE[3 * at : 3 * at + 3] for at in range(256)]


def pixel_of(colour: int, transparent: int | None) -> Pixel:
    red, green, blue = PAINT[colour]
    return (red, green, blue, 0 if colour == transparent else 255)


def drawn(frame: hand.Frame) -> Drawn:
    """Return what a frame draws: GIF89a, section 23; some programs write 4 for 3."""
    disposals = {hand.CLEAR: CLEAR, hand.RESTORE: RESTORE, 4: RESTORE}
    pixels = [pixel_of(colour, frame.transparent) for colour in frame.colours]
    box = (frame.left, frame.top, frame.width, frame.height)
    return Drawn(pixels, *box, disposals.get(frame.disposal, KEEP), OVER)


def some_frames(seed: int) -> list[hand.Frame]:
    """Return frames of random boxes, colours and disposals; some are transparent, some not."""
    chance = random.Random(seed)  # noqa: S311 - test data
    found = []
    for _ in range(5):
        width, height = (chance.choice([side, chance.randint(1, side)]) for side in SIZE)
        found.append(
            hand.Frame(
                [chance.randrange(4) for _ in range(width * height)],
                width,
                height,
                chance.randint(0, SIZE[0] - width),
                chance.randint(0, SIZE[1] - height),
                disposal=chance.choice([0, hand.KEEP, hand.CLEAR, hand.RESTORE, 4]),
                transparent=chance.choice([None, 0]) if seed % 2 else None,
            )
        )
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_frames_are_composed_as_browsers_do(seed: int) -> None:
    frames = some_frames(seed)

    found = frames_of(hand.of(SIZE, *frames, background=3))

    wanted = composed(SIZE, [drawn(frame) for frame in frames])
    assert len(found) == len(wanted)
    assert max(map(difference, found, wanted)) == 0


# libnsgif takes these for the size of a screen, and shrinks the canvas to the frames.
SCREENS = [(640, 480), (800, 600), (1024, 768), (1280, 1024), (1600, 1200), (2049, 3), (3, 2049)]


@pytest.mark.parametrize("transparent", [None, 9], ids=["opaque", "transparent"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("size", SCREENS, ids=str)
def test_a_canvas_is_as_large_as_it_says(
    size: tuple[int, int], count: int, transparent: int | None
) -> None:
    frame = hand.Frame([5, 6], 1, 2, 1, 1, transparent=transparent)

    data = hand.of(size, *[frame] * count)

    assert probe(data).facts == SourceFacts("gif", *size, count, has_alpha=True)
    for found in frames_of(data):
        assert found.size == size
        assert found.getchannel("A").getbbox() == (1, 1, 2, 3)


def test_a_canvas_that_frames_fill_is_left_to_libvips() -> None:
    assert not probe(images.animated_gif((640, 480), frames=2)).is_composed


@pytest.mark.parametrize("background", [0, 5, 255])
def test_the_background_colour_is_ignored(background: int) -> None:
    frame = hand.Frame([7] * 4, 2, 2, 1, 1)

    (found,) = frames_of(hand.of(SIZE, frame, background=background))

    assert found.getchannel("A").getbbox() == (1, 1, 3, 3)
    assert pixel(found, (1, 1)) == pixel_of(7, None)


def test_a_transparent_first_frame_shows_nothing() -> None:
    first = hand.Frame([3] * 35, *SIZE, transparent=3)
    second = hand.Frame([8], 1, 1, 6, 4)

    found = frames_of(hand.of(SIZE, first, second))

    assert [each.getchannel("A").getbbox() for each in found] == [None, (6, 4, 7, 5)]


def test_frames_that_leave_the_canvas_are_clipped() -> None:
    frames = [hand.Frame([1], 1, 1), hand.Frame([7] * 6, 3, 2, 5, 4)]

    found = frames_of(hand.of(SIZE, *frames))

    assert [each.size for each in found] == [SIZE, SIZE]
    assert found[1].getchannel("A").crop((3, 3, 7, 5)).getbbox() == (2, 1, 4, 2)


@pytest.mark.parametrize(
    "frame", [hand.Frame([], 0, 0), hand.Frame([9], 1, 1, 7, 0, disposal=hand.CLEAR)]
)
def test_frames_without_pixels_on_the_canvas_change_nothing(frame: hand.Frame) -> None:
    first, last = hand.Frame([5], 1, 1), hand.Frame([6], 1, 1, 6, 4)

    found = frames_of(hand.of(SIZE, first, frame, last))

    assert [each.getchannel("A").getbbox() for each in found] == [(0, 0, 1, 1)] * 2 + [
        (0, 0, 7, 5)
    ]


def test_interlaced_frames_keep_their_rows() -> None:
    stored = [0, 8, 4, 2, 6, 1, 3, 5, 7]
    frame = hand.Frame(stored, 1, 9, 1, 0, is_interlaced=True)

    (found,) = frames_of(hand.of((2, 9), frame))

    assert [pixel(found, (1, at)) for at in range(9)] == [pixel_of(at, None) for at in range(9)]


def test_a_composed_gif_keeps_its_delays_and_its_plays() -> None:
    frames = [hand.Frame([at * 60] * 64, 8, 8, hundredths=at * 4) for at in range(1, 4)]

    for file in pictures(hand.of((9, 9), *frames, repeats=3)):
        picture = Image.open(io.BytesIO(file.data))
        assert delays(picture) == [40, 80, 120]
        assert picture.info["loop"] == {"GIF": 3, "WEBP": 4}[picture.format or ""]


def test_a_composed_gif_made_still_shows_its_first_frame() -> None:
    recipe = Recipe("still", (Variant("full", (Slot.FALLBACK,)),), animation=Animation.FIRST_FRAME)
    frames = [hand.Frame([200], 1, 1, 2, 2), hand.Frame([9] * 35, *SIZE)]

    file = next(iter(render(hand.of(SIZE, *frames), recipe, Limits())))

    assert isinstance(file, Encoded)
    picture = Image.open(io.BytesIO(file.data)).convert("RGBA")
    assert picture.getchannel("A").getbbox() == (2, 2, 3, 3)
    assert pixel(picture, (2, 2)) == pixel_of(200, None)
