import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.geometry import Size
from shared.model.recipe import Position, Watermark
from shared.model.watermark_placement import MIN_PIXELS, Placement, placement

pytestmark = pytest.mark.unit

sides = st.integers(1, 3000)
sizes = st.builds(Size, sides, sides)
watermarks = st.builds(
    Watermark,
    key=st.just("logo.png"),
    position=st.sampled_from(Position),
    scale=st.floats(0.01, 1),
    opacity=st.floats(0, 1),
)
LOGO, CANVAS = Size(300, 100), Size(1000, 500)


@given(watermarks, sizes, sizes)
def test_a_watermark_is_inside_its_canvas_and_never_enlarged(
    watermark: Watermark, size: Size, canvas: Size
) -> None:
    where = placement(watermark, size, canvas)

    if where is None:
        return
    assert where.left >= 0
    assert where.top >= 0
    assert where.left + where.size.width <= canvas.width
    assert where.top + where.size.height <= canvas.height
    assert where.size.width <= max(size.width, 1)
    assert where.size.height <= max(size.height, 1)
    assert where.size.width <= round(canvas.width * watermark.scale) + 1


@pytest.mark.parametrize(
    ("position", "left", "top"),
    [
        (Position.TOP_LEFT, 15, 15),
        (Position.TOP_RIGHT, 785, 15),
        (Position.BOTTOM_LEFT, 15, 418),
        (Position.BOTTOM_RIGHT, 785, 418),
        (Position.CENTRE, 400, 216),
    ],
)
def test_a_watermark_is_a_margin_away_from_its_corner(
    position: Position, left: int, top: int
) -> None:
    where = placement(Watermark("logo.png", position, scale=0.2), LOGO, CANVAS)

    assert where == Placement(Size(200, 67), left, top)


def test_a_watermark_is_at_most_as_large_as_its_file() -> None:
    where = placement(Watermark("logo.png", Position.TOP_LEFT, scale=0.9), LOGO, CANVAS)

    assert where == Placement(LOGO, 15, 15)


def test_a_tall_watermark_fits_between_the_margins() -> None:
    where = placement(Watermark("logo.png", Position.TOP_LEFT, scale=1), Size(400, 4000), CANVAS)

    assert where == Placement(Size(47, 470), 15, 15)


@pytest.mark.parametrize(("width", "is_drawn"), [(79, False), (80, True)])
def test_a_watermark_that_would_be_too_small_is_left_out(
    width: int,
    is_drawn: bool,  # noqa: FBT001 - a parameter
) -> None:
    where = placement(Watermark("logo.png", scale=0.2), LOGO, Size(width, 60))

    assert (where is not None) is is_drawn
    assert MIN_PIXELS == 16


def test_a_watermark_with_a_small_file_is_left_out_or_drawn_at_its_size() -> None:
    where = placement(Watermark("dot.png", Position.CENTRE), Size(9, 9), CANVAS)

    assert where == Placement(Size(9, 9), 495, 245)


def test_a_watermark_with_opacity_0_is_not_drawn() -> None:
    assert placement(Watermark("logo.png", opacity=0), LOGO, CANVAS) is None
