"""Animated PNG moves as the standard says."""

import io
import itertools
import random
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
import pyvips
from PIL import Image, ImageChops, ImageStat

from shared.imaging.formats.apng import read_animation
from shared.imaging.intake.probe import probe
from shared.imaging.render import Encoded, render
from shared.model.limits import Limits
from shared.model.recipe import Animation, Caps, Recipe, Slot, Variant
from tests.imaging.composing import Drawn, Pixel, composed, difference, frames_of
from tests.imaging.moving_pngs import (
    BLUE,
    GREEN,
    HIDDEN,
    MOVES,
    RECIPE,
    RED,
    SIZE,
    facts_and_first,
    one_colour,
)
from tests.imaging.rendering import near, opened, pictures, shown
from tests.support import images, images_by_hand
from tests.support.hand.apng import (
    CLEAR,
    GREY,
    GREY_ALPHA,
    KEEP,
    OVER,
    PALETTE,
    RESTORE,
    RGB,
    RGB_ALPHA,
    SOURCE,
    Frame,
    apng,
    of_pngs,
)
from tests.support.profiles import display_p3

pytestmark = pytest.mark.imaging

SEEDS = range(40)


OPERATIONS = tuple(itertools.product((KEEP, CLEAR, RESTORE), (SOURCE, OVER)))


def drawn(
    seed: int, alphas: Sequence[int], operations: Sequence[tuple[int, int]] = OPERATIONS
) -> list[Drawn]:
    """Return frames of random boxes and pixels, with any of the disposals and blends."""
    chance = random.Random(seed)  # noqa: S311 - test data
    found = []
    for at in range(6):
        # The default image is the first frame, so it fills the canvas.
        width, height = (chance.randint(1, side) if at else side for side in SIZE)
        place = (chance.randint(0, SIZE[0] - width), chance.randint(0, SIZE[1] - height))
        pixels: list[Pixel] = [
            (*(chance.randrange(256) for _ in range(3)), chance.choice(alphas))  # type: ignore[misc] # four
            for _ in range(width * height)
        ]
        found.append(Drawn(pixels, *place, width, height, *chance.choice(operations)))
    return found


def file_of(frames: Sequence[Drawn], **fields: object) -> bytes:
    stored = [
        Frame(
            bytes(band for pixel in each.pixels for band in pixel),
            each.width,
            each.height,
            each.left,
            each.top,
            each.disposal,
            each.blend,
        )
        for each in frames
    ]
    return apng(SIZE, stored, **fields)


def frames_by_pillow(data: bytes) -> list[Image.Image]:
    picture, found = Image.open(io.BytesIO(data)), []
    for at in range(getattr(picture, "n_frames", 1)):
        picture.seek(at)
        found.append(picture.convert("RGBA"))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_frames_are_composed_by_the_words_of_the_standard(seed: int) -> None:
    frames = drawn(seed, alphas=(0, 1, 60, 128, 200, 255))

    found = frames_of(file_of(frames, pieces=1 + seed % 3))

    wanted = composed(SIZE, frames)
    assert len(found) == len(wanted)
    # The canvas is rounded to 8 bits after each frame, here as in browsers.
    assert max(map(difference, found, wanted)) <= 1


# Pillow 13 mixes translucent pixels in by their alpha twice, and restores the frame itself where a
# frame that is drawn over others is to be undone.
RIGHT_IN_PILLOW = tuple(each for each in OPERATIONS if each != (RESTORE, OVER))


@pytest.mark.parametrize("seed", SEEDS)
def test_frames_are_those_of_pillow_where_pillow_is_right(seed: int) -> None:
    data = file_of(drawn(seed, alphas=(0, 255), operations=RIGHT_IN_PILLOW))

    found, wanted = frames_of(data), frames_by_pillow(data)

    assert len(found) == len(wanted)
    assert max(map(difference, found, wanted)) == 0


def photographs(count: int, size: tuple[int, int] = (64, 48), **fields: object) -> bytes:
    """Return an animated PNG of photographs, which are smaller as WebP than as GIF."""
    frames = [
        Frame(images.detail(size, seed=at + 1).tobytes(), *size, delay=(at + 2, 25))
        for at in range(count)
    ]
    return apng(size, frames, colour=RGB, **fields)


def timing(file: Encoded) -> tuple[list[int], int]:
    """Return how many milliseconds each frame is shown, and how often all are played."""
    picture, found = opened(file), []
    for at in range(getattr(picture, "n_frames", 1)):
        picture.seek(at)
        picture.load()
        found.append(int(picture.info["duration"]))
    # WebP holds the number of plays, GIF the number of repetitions.
    repetitions = picture.info.get("loop", 0)
    return found, repetitions + 1 if file.codec == "gif" and repetitions else repetitions


def test_every_slot_moves_with_the_delays_and_plays_of_the_source() -> None:
    files = pictures(photographs(3, plays=3))

    assert {file.slot: file.codec for file in files} == {
        "avif": "webp",
        "webp": "webp",
        "fallback": "gif",
    }
    assert [timing(file) for file in files] == [([80, 120, 160], 3)] * 3


@pytest.mark.parametrize("slot", list(Slot))
def test_frames_show_their_pictures_in_every_slot(slot: Slot) -> None:
    (file,) = pictures(photographs(3), (slot,))

    picture = opened(file)
    for at in range(3):
        picture.seek(at)
        wanted = images.detail((64, 48), seed=at + 1)
        change = ImageChops.difference(picture.convert("RGB"), wanted)
        # WebP halves the resolution of colours, GIF has 256 of them. Two of the pictures differ
        # by 40 or more.
        assert max(ImageStat.Stat(change).mean) < 20


def test_transparency_moves_in_every_slot() -> None:
    spot = replace(one_colour(RED, (2, 2), at=(1, 1)), disposal=CLEAR)
    frames = [one_colour((0, 0, 0, 0)), spot, replace(spot, left=4)]

    for file in pictures(apng(SIZE, frames)):
        picture = opened(file)
        alphas = []
        for at in range(3):
            picture.seek(at)
            alphas.append(picture.convert("RGBA").getchannel("A").getbbox())
        assert alphas == [None, (1, 1, 3, 3), (4, 1, 6, 3)]


@pytest.mark.parametrize(("alpha", "shown"), [(127, 0), (128, 255)])
def test_a_gif_shows_pixels_from_half_opacity_on(alpha: int, shown: int) -> None:
    frames = [one_colour((200, 60, 40, alpha)), one_colour(BLUE, (1, 1))]

    (file,) = pictures(apng(SIZE, frames), (Slot.FALLBACK,))

    assert file.codec == "gif"
    assert opened(file).convert("RGBA").getchannel("A").getextrema() == (shown, shown)


def row(*bands: int) -> bytes:
    return bytes(bands) * SIZE[0] * SIZE[1]


def key(*bands: int) -> tuple[bytes, bytes]:
    return b"tRNS", struct.pack(f">{len(bands)}H", *bands)


COLOURS = (b"PLTE", bytes((*RED[:3], *BLUE[:3])))
# The samples of a frame that is drawn over a green one, and what it must show.
KINDS: dict[str, tuple[int, int, bytes, list[tuple[bytes, bytes]], Pixel]] = {
    "grey": (GREY, 8, row(100), [], (100, 100, 100, 255)),
    "grey of 1 bit": (GREY, 1, b"\xfe" * SIZE[1], [], (255, 255, 255, 255)),
    "grey of 4 bits": (GREY, 4, b"\x66\x66\x66\x60" * SIZE[1], [], (102, 102, 102, 255)),
    "grey of 16 bits": (GREY, 16, row(100, 7), [], (100, 100, 100, 255)),
    "transparent grey": (GREY, 8, row(100), [key(100)], (0, 0, 0, 0)),
    "grey and alpha": (GREY_ALPHA, 8, row(100, 128), [], (100, 100, 100, 128)),
    "rgb": (RGB, 8, row(*RED[:3]), [], RED),
    "transparent colour": (RGB, 8, row(*RED[:3]), [key(*RED[:3])], (0, 0, 0, 0)),
    "rgb of 16 bits": (RGB, 16, row(200, 9, 60, 9, 40, 9), [], RED),
    "rgb and alpha of 16 bits": (
        RGB_ALPHA,
        16,
        row(200, 9, 60, 9, 40, 9, 128, 9),
        [],
        (*RED[:3], 128),
    ),
    "palette": (PALETTE, 8, row(1), [COLOURS], BLUE),
    "palette of 1 bit": (PALETTE, 1, b"\xfe" * SIZE[1], [COLOURS], BLUE),
    "palette with alpha": (
        PALETTE,
        8,
        row(1),
        [COLOURS, (b"tRNS", bytes((255, 128)))],
        (*BLUE[:3], 128),
    ),
}


@pytest.mark.parametrize(
    ("colour", "bits", "samples", "extra", "wanted"), KINDS.values(), ids=KINDS.keys()
)
def test_frames_of_every_format_keep_their_colours(
    colour: int, bits: int, samples: bytes, extra: list[tuple[bytes, bytes]], wanted: Pixel
) -> None:
    frames = [Frame(bytes(len(samples)), *SIZE), Frame(samples, *SIZE)]

    _, second = frames_of(apng(SIZE, frames, colour=colour, bits=bits, extra=extra))

    found = second.getpixel((3, 2))
    assert isinstance(found, tuple)
    assert found[3] == wanted[3]
    assert found[3] == 0 or near(found, wanted, 1)


def test_interlaced_frames_keep_their_pixels() -> None:
    made = [images.detail((33, 21), seed=seed) for seed in (1, 2)]
    files = [
        pyvips.Image.new_from_memory(each.tobytes(), 33, 21, 3, "uchar")
        .copy(interpretation="srgb")
        .pngsave_buffer(interlace=True)
        for each in made
    ]

    found = frames_of(of_pngs(files))

    assert [difference(one, other) for one, other in zip(found, made, strict=True)] == [0, 0]


def test_a_profile_applies_to_every_frame() -> None:
    profile = b"iCCP", b"p3\0\0" + zlib.compress(display_p3())
    data = apng(
        SIZE, [one_colour((0, 200, 0)), one_colour((200, 0, 0))], colour=RGB, extra=[profile]
    )
    still = shown(images.saved(images.plain((200, 0, 0)), "PNG", icc_profile=display_p3()))

    _, second = frames_of(data)

    wanted = still.getpixel((1, 1))
    assert isinstance(wanted, tuple)
    assert wanted != (200, 0, 0)
    found = second.getpixel((1, 1))
    assert isinstance(found, tuple)
    assert near(found[:3], wanted, 1)


def test_a_default_image_that_is_no_frame_is_not_shown() -> None:
    data = apng(SIZE, MOVES, default=HIDDEN)

    frames, first = facts_and_first(data, RECIPE)

    assert frames == 3
    assert near(first, RED, 3)
    assert max(map(difference, frames_of(data), frames_by_pillow(data)[1:])) == 0


@pytest.mark.parametrize(
    "recipe",
    [
        replace(RECIPE, animation=Animation.FIRST_FRAME),
        replace(RECIPE, caps=Caps(max_frames=2)),
        replace(RECIPE, caps=Caps(max_pixels=3 * SIZE[0] * SIZE[1] - 1)),
    ],
    ids=["first frame", "too many frames", "too many pixels"],
)
@pytest.mark.parametrize("default", [None, HIDDEN], ids=["a frame", "no frame"])
def test_an_animation_made_still_shows_its_first_frame(
    recipe: Recipe, default: Frame | None
) -> None:
    frames, first = facts_and_first(apng(SIZE, MOVES, default=default), recipe)

    assert frames == 3
    assert near(first, RED, 3)


@pytest.mark.parametrize("default", [None, HIDDEN], ids=["a frame", "no frame"])
def test_an_animation_of_one_frame_is_a_still_picture_of_it(default: Frame | None) -> None:
    data = apng(SIZE, MOVES[:1], default=default)

    assert probe(data).frames == 1
    assert near(facts_and_first(data, RECIPE)[1], RED, 3)


def test_a_first_frame_smaller_than_the_canvas_leaves_the_rest_transparent() -> None:
    spot = one_colour(RED[:3], (2, 2), at=(1, 1))
    data = apng(SIZE, [spot, spot], colour=RGB, default=one_colour(GREEN[:3]))

    found = frames_of(data)

    assert [each.getchannel("A").getbbox() for each in found] == [(1, 1, 3, 3)] * 2


def test_a_moving_picture_keeps_its_credit_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x8298] = "Somebody"
    data = photographs(2, extra=[(b"eXIf", exif.tobytes()[6:])])
    recipe = Recipe("credit", (Variant("full", (Slot.WEBP,)),), metadata=("copyright",))

    file = next(iter(render(data, recipe, Limits())))

    assert isinstance(file, Encoded)
    assert b"Somebody" in file.data
    assert b"EXIF" not in file.data


def test_an_animation_is_not_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = photographs(2, extra=[(b"eXIf", exif.tobytes()[6:])])

    assert probe(data).upright == probe(data).stored


def test_a_png_without_an_animation_has_none() -> None:
    assert read_animation(images.png()) is None
    assert probe(images_by_hand.plain_png(RED[:3])).frames == 1
