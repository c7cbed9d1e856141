"""A rung looks as good as one made in a single step from the whole source."""

from collections.abc import Callable

import pytest
from PIL import Image

from tests import images
from tests.bench.cascade import losses
from tests.imaging.drawn import line_art, saved, text

pytestmark = pytest.mark.imaging

SIZE = (2300, 1500)
WIDTHS = [1920, 1280, 960, 640, 320]
# What the design allows, in points of SSIMULACRA2.
LOSSLESS = 0.5
# Wide enough for libjpeg to halve it; what its plain average costs is weighed in docs/recipes.md.
WIDE = (5800, 1300)
DECODED_SMALL = 2.0

PICTURES: dict[str, Callable[[images.Size], Image.Image]] = {
    "photograph": images.detail,
    "line art": line_art,
    "text": text,
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_a_rung_is_as_good_as_one_made_from_the_whole_source(kind: str, format_name: str) -> None:
    source = saved(PICTURES[kind](SIZE), format_name)

    steps = losses(source)

    assert [step.width for step in steps] == WIDTHS
    assert max(step.loss for step in steps) <= LOSSLESS, [
        (s.width, round(s.engine, 2), round(s.one_step, 2)) for s in steps
    ]


@pytest.mark.parametrize("kind", ["line art", "text"])
def test_a_drawing_loses_nothing_even_before_it_is_encoded(kind: str) -> None:
    source = saved(PICTURES[kind](SIZE), "PNG")

    steps = losses(source, as_files=False)

    assert max(step.loss for step in steps) <= LOSSLESS, [
        (s.width, round(s.engine, 2), round(s.one_step, 2)) for s in steps
    ]


def test_a_photograph_that_libjpeg_halves_loses_little() -> None:
    source = saved(images.detail(WIDE), "JPEG")

    steps = losses(source)

    assert max(step.loss for step in steps) <= DECODED_SMALL, [
        (s.width, round(s.engine, 2), round(s.one_step, 2)) for s in steps
    ]
