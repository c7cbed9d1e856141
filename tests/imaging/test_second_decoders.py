"""Pillow shows the sources of the tests as Pixfleet renders them.

tests/browser asks Chromium in the nightly run.
"""

import pytest
from PIL import Image

from tests.imaging.second_decoders import (
    CHROMA_BY_REPETITION,
    Shown,
    Source,
    by_pillow,
    by_pixfleet,
    differences,
    sources,
)
from tests.support import images

pytestmark = pytest.mark.imaging

# Pillow reads HEIC by the library that Pixfleet uses.
SOURCES = [each for each in sources() if each.format != "heic"]
# Chromium agrees with Pixfleet here.
DIFFERENT = {
    "seed: animated png": "Pillow clears a frame without alpha to black",
    "animation-disposal": "Pillow clears a frame to the first frame's colour",
    "seed: gif of small frames": "Pillow fills the canvas around a frame",
    "seed: avif with a sequence": "Pixfleet shows its still image",
    "seed: png with described colours": "Pillow does not read the chunks of colours",
    "seed: tiff of three pages": "Pillow takes pages for frames",
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_pillow_shows_what_pixfleet_renders(source: Source) -> None:
    found = differences(
        by_pixfleet(source.data),
        by_pillow(source.data),
        bound=CHROMA_BY_REPETITION.get(source.name),
    )

    assert bool(found) == (source.name in DIFFERENT), found


def test_every_source_that_differs_is_one_of_the_sources() -> None:
    assert DIFFERENT.keys() <= {each.name for each in SOURCES}


def still(picture: Image.Image) -> Shown:
    return Shown([picture.convert("RGBA")], ())


def test_differences_of_size_colour_frames_and_durations_are_found() -> None:
    picture = images.corners((48, 36))
    moving = Shown([picture.convert("RGBA")] * 2, [40, 40])

    assert differences(still(picture), still(picture)) == []
    assert differences(still(picture), still(picture.rotate(180)))
    assert differences(still(picture), still(picture.resize((36, 48))))
    assert differences(still(picture), still(picture.point(lambda value: value * 9 // 10)))
    assert differences(still(picture), moving)
    assert differences(moving, Shown(moving.frames, [40, 50]))
