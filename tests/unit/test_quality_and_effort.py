from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.codec import Codec
from shared.model.quality_and_effort import (
    BOUNDS,
    LARGE_PIXELS,
    SMALL_PIXELS,
    avif_effort,
    highest_avif_effort,
    png_effort,
)

pytestmark = pytest.mark.unit

SIZES = (SMALL_PIXELS, LARGE_PIXELS, LARGE_PIXELS + 1)
pixels = st.integers(1, 100_000_000)
bits = st.floats(0, 24)


@pytest.mark.parametrize("size", SIZES, ids=["small", "medium", "large"])
def test_smooth_images_get_no_less_effort_than_detailed_ones(size: int) -> None:
    efforts = [avif_effort(size, each / 10, is_graphic=False) for each in range(60)]

    assert all(more >= less for more, less in pairwise(efforts))
    assert efforts[0] > efforts[-1]


@pytest.mark.parametrize("density", [0.3, 3.0], ids=["smooth", "detailed"])
def test_small_images_get_no_less_effort_than_large_ones(density: float) -> None:
    efforts = [avif_effort(size, density, is_graphic=False) for size in SIZES]

    assert efforts == sorted(efforts, reverse=True)


@given(size=pixels, density=bits, is_graphic=st.booleans())
def test_the_highest_effort_bounds_every_other_and_is_allowed(
    *, size: int, density: float, is_graphic: bool
) -> None:
    low, high = BOUNDS["effort"][Codec.AVIF]

    effort = avif_effort(size, density, is_graphic=is_graphic)

    assert low <= effort <= highest_avif_effort(size) <= high


def test_a_drawn_png_is_compressed_harder() -> None:
    assert png_effort(is_drawn=True) > png_effort(is_drawn=False)
