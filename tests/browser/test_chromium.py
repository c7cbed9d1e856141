"""Chromium shows the sources of the tests as Pixfleet renders them."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import MIME, Chromium
from tests.browser.kinds import kinds
from tests.imaging.second_decoders import (
    CHROMA_BY_REPETITION,
    Source,
    by_pixfleet,
    differences,
    sources,
)

pytestmark = pytest.mark.imaging

SOURCES = [
    *(each for each in sources() if each.format in MIME),
    *(Source(name, make()) for name, make in kinds().items()),
]
# What differs on purpose: docs/recipes.md gives the reasons.
DIFFERENT = {
    "orientation-6-webp": "Chromium ignores EXIF in WebP",
    "colour-cmyk-profile": "Chromium converts ink with the perceptual intent",
    "seed: avif with a sequence": "Pixfleet shows its still image",
    "seed: webp with hostile EXIF": "alpha of 0 that the file says it does not have",
}
# Chromium makes 130 of an alpha of 128, and the colours darker by as much.
BOUNDS = {**CHROMA_BY_REPETITION, "avif with premultiplied alpha": 3.0}


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_chromium_shows_what_pixfleet_renders(chromium: Chromium, source: Source) -> None:
    found = differences(
        by_pixfleet(source.data),
        chromium.shown(source.data, source.format),
        bound=BOUNDS.get(source.name),
    )

    assert bool(found) == (source.name in DIFFERENT), found
