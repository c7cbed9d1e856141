"""Chromium composes and times animations as the engine does, frame by frame."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from tests.browser.chromium import Chromium
from tests.imaging import moving_pngs
from tests.imaging import test_apng as apngs
from tests.imaging import test_apng_structure as structure
from tests.imaging import test_gif as gifs
from tests.imaging import test_moving_webp as webps
from tests.imaging.composing import difference, frames_of
from tests.support.hand import apng, gif

pytestmark = pytest.mark.imaging

SMALL = gif.Frame([5, 6], 1, 2, 1, 1)
TRANSLUCENT = (0, 1, 60, 128, 200, 255)
GIFS: Mapping[str, bytes] = {
    **{
        f"gif of seed {seed}": gif.of(gifs.SIZE, *gifs.some_frames(seed), background=3)
        for seed in gifs.SEEDS
    },
    **{f"gif of a screen of {size}": gif.of(size, SMALL, SMALL) for size in gifs.SCREENS},
    "gif that grows": gif.of((6, 4), gif.Frame([1] * 9, 9, 1)),
    "gif with a frame outside": gif.of((6, 4), SMALL, replace(SMALL, left=9)),
    "gif with a frame that leaves": gif.of((6, 4), SMALL, gif.Frame([7] * 6, 3, 2, 5, 3)),
    "gif with a frame of no size": gif.of((6, 4), SMALL, gif.Frame([], 0, 0), SMALL),
    "gif of no size": gif.of((0, 0), gif.Frame([1] * 24, 6, 4), gif.Frame([9] * 24, 6, 4)),
}
APNGS: Mapping[str, bytes] = {
    **{
        f"apng of seed {seed}": apngs.file_of(apngs.drawn(seed, TRANSLUCENT))
        for seed in apngs.SEEDS
    },
    **{
        f"apng of {name}": apng.apng(
            moving_pngs.SIZE,
            [apng.Frame(each, *moving_pngs.SIZE) for each in (bytes(len(samples)), samples)],
            colour=colour,
            bits=bits,
            extra=extra,
        )
        for name, (colour, bits, samples, extra, _) in apngs.KINDS.items()
    },
    **{f"apng with {name}": data for name, (data, _) in structure.FORGIVEN.items()},
    "apng without its default image": apng.apng(
        moving_pngs.SIZE, moving_pngs.MOVES, default=moving_pngs.HIDDEN
    ),
    "apng of one frame": apng.apng(
        moving_pngs.SIZE, moving_pngs.MOVES[:1], default=moving_pngs.HIDDEN
    ),
    "apng with its control first": structure.swapped(1, 2),
}
WEBPS = {f"webp of seed {seed}": webps.file_of(webps.drawn(seed)) for seed in range(20)}
SOURCES = [
    *((name, "gif", data) for name, data in GIFS.items()),
    *((name, "png", data) for name, data in APNGS.items()),
    *((name, "webp", data) for name, data in WEBPS.items()),
]


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.mark.parametrize(
    ("format_name", "data"), [each[1:] for each in SOURCES], ids=[each[0] for each in SOURCES]
)
def test_chromium_shows_the_frames_that_the_engine_composes(
    chromium: Chromium, format_name: str, data: bytes
) -> None:
    found, wanted = frames_of(data), chromium.shown(data, format_name).frames

    assert [each.size for each in found] == [each.size for each in wanted]
    # Translucent colours are rounded once more on Chromium's canvas, and after each frame.
    assert max(map(difference, found, wanted)) <= 5
