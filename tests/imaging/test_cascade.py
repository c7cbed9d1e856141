"""A rung looks as good as one that is resized from the source in a single step."""

from collections.abc import Callable

import pytest
from PIL import Image

from shared.model.geometry import Size
from tests.bench.cascade import losses
from tests.imaging.drawn import line_art, saved, text
from tests.support import images
from tests.support.size import SIZE as TEST_SIZE

pytestmark = pytest.mark.imaging

SIZE = (2300, 1500)
WIDTHS = [1920, 1280, 960, 640, 320]
# The greatest loss that is allowed, in points of SSIMULACRA2.
LOSSLESS = 0.5
# Wide enough for libjpeg to shrink it; docs/recipes.md has the cost of its box filter.
WIDE = (4900, 1300)
DECODED_SMALL = 3.0
SCORED = Size(TEST_SIZE.scored_width, TEST_SIZE.scored_width * 2 // 3)


def dulled(level: int) -> float:
    """Return a level of ink or paper, with a scanner's noise."""
    return 12 + level * 238 / 255


PICTURES: dict[str, Callable[[images.Size], Image.Image]] = {
    "photograph": images.detail,
    "line art": line_art,
    "text": text,
    "text on paper that is not quite white": lambda size: text(size).point(dulled),
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_a_rung_is_as_good_as_one_made_from_the_whole_source(kind: str, format_name: str) -> None:
    source = saved(PICTURES[kind](SIZE), format_name)

    steps = losses(source, window=SCORED)

    assert [step.width for step in steps] == WIDTHS
    assert max(step.loss for step in steps) <= LOSSLESS, steps


@pytest.mark.parametrize("kind", ["line art", "text"])
def test_a_drawing_loses_nothing_even_before_it_is_encoded(kind: str) -> None:
    source = saved(PICTURES[kind](SIZE), "PNG")

    steps = losses(source, as_files=False, window=SCORED)

    assert max(step.loss for step in steps) <= LOSSLESS, steps


def test_a_wide_drawing_is_not_halved_by_libjpeg() -> None:
    source = saved(text(WIDE), "JPEG")

    steps = losses(source, window=SCORED)

    assert max(step.loss for step in steps) <= LOSSLESS, steps


def test_a_photograph_that_libjpeg_halves_loses_little() -> None:
    source = saved(images.detail(WIDE), "JPEG")

    steps = losses(source, window=SCORED)

    assert max(step.loss for step in steps) <= DECODED_SMALL, steps
