from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.geometry import MAX_FALLBACK_SIDE, Fitted, Size, fit_into
from shared.model.recipe import Fit

pytestmark = pytest.mark.unit

side = st.integers(1, 20_000)
bound = st.none() | st.integers(1, 8192)
sizes = st.builds(Size, side, side)
boxes = st.builds(Size, st.integers(1, 8192), st.integers(1, 8192))
PHOTO = Size(6000, 4000)


def assert_same_shape(size: Size, source: Size) -> None:
    """Check that one scale explains both sides, to within half a pixel or the smallest side."""
    low = max((size.width - 0.51) / source.width, (size.height - 0.51) / source.height)
    high = min((size.width + 0.51) / source.width, (size.height + 0.51) / source.height)
    assert low <= high or 1 in (size.width, size.height)


@pytest.mark.parametrize(
    ("source", "width", "height", "fit", "expected"),
    [
        (PHOTO, 1920, None, Fit.INSIDE, Fitted(Size(1920, 1280), Size(1920, 1280))),
        (PHOTO, None, 600, Fit.INSIDE, Fitted(Size(900, 600), Size(900, 600))),
        (PHOTO, 800, 600, Fit.INSIDE, Fitted(Size(800, 533), Size(800, 533))),
        (PHOTO, None, None, Fit.INSIDE, Fitted(PHOTO, PHOTO)),
        (PHOTO, 8000, 8000, Fit.INSIDE, Fitted(PHOTO, PHOTO)),
        (Size(16384, 1), 320, None, Fit.INSIDE, Fitted(Size(320, 1), Size(320, 1))),
        (PHOTO, 300, 300, Fit.COVER, Fitted(Size(450, 300), Size(300, 300))),
        (Size(4000, 6000), 300, 300, Fit.COVER, Fitted(Size(300, 450), Size(300, 300))),
        (Size(200, 100), 300, 300, Fit.COVER, Fitted(Size(200, 100), Size(100, 100))),
        (Size(200, 100), 400, 100, Fit.COVER, Fitted(Size(200, 100), Size(200, 50))),
        (Size(300, 300), 300, 300, Fit.COVER, Fitted(Size(300, 300), Size(300, 300))),
        (PHOTO, 300, 300, Fit.CONTAIN, Fitted(Size(300, 200), Size(300, 300))),
        (Size(100, 50), 300, 300, Fit.CONTAIN, Fitted(Size(100, 50), Size(300, 300))),
    ],
)
def test_an_image_is_fitted_into_its_box(
    source: Size, width: int | None, height: int | None, fit: Fit, expected: Fitted
) -> None:
    assert fit_into(source, width, height, fit) == expected


@given(sizes, bound, bound, st.sampled_from(Fit))
def test_nothing_is_ever_enlarged(
    source: Size, width: int | None, height: int | None, fit: Fit
) -> None:
    resized = fit_into(source, width, height, fit).resized

    assert 1 <= resized.width <= source.width
    assert 1 <= resized.height <= source.height


@given(sizes, bound, bound, st.sampled_from(Fit))
def test_an_image_keeps_its_shape(
    source: Size, width: int | None, height: int | None, fit: Fit
) -> None:
    assert_same_shape(fit_into(source, width, height, fit).resized, source)


@given(sizes, bound, bound)
def test_inside_fits_the_box_and_is_not_cropped(
    source: Size, width: int | None, height: int | None
) -> None:
    made = fit_into(source, width, height, Fit.INSIDE)

    assert made.canvas == made.resized
    assert width is None or made.resized.width <= width
    assert height is None or made.resized.height <= height


@given(sizes, bound, bound)
def test_inside_fills_the_box_or_keeps_the_source(
    source: Size, width: int | None, height: int | None
) -> None:
    made = fit_into(source, width, height, Fit.INSIDE)

    touches = made.resized.width == width or made.resized.height == height
    assert touches or made.resized == source or MAX_FALLBACK_SIDE in {*astuple(made.resized)}


@given(sizes, bound, bound)
def test_an_uncropped_image_is_not_larger_than_every_fallback_can_hold(
    source: Size, width: int | None, height: int | None
) -> None:
    made = fit_into(source, width, height, Fit.INSIDE)

    assert max(astuple(made.canvas)) <= MAX_FALLBACK_SIDE


@given(sizes, boxes)
def test_cover_crops_its_canvas_out_of_the_image(source: Size, box: Size) -> None:
    made = fit_into(source, box.width, box.height, Fit.COVER)

    assert made.canvas.width <= min(made.resized.width, box.width)
    assert made.canvas.height <= min(made.resized.height, box.height)


@given(sizes, boxes)
def test_cover_fills_a_box_that_the_source_is_large_enough_for(source: Size, box: Size) -> None:
    made = fit_into(source, box.width, box.height, Fit.COVER)

    large_enough = source.width >= box.width and source.height >= box.height
    assert (made.canvas == box) == large_enough


@given(sizes, boxes)
def test_cover_keeps_the_shape_of_its_box_and_as_much_of_the_image_as_possible(
    source: Size, box: Size
) -> None:
    made = fit_into(source, box.width, box.height, Fit.COVER)

    assert_same_shape(made.canvas, box)
    assert made.canvas.width == made.resized.width or made.canvas.height == made.resized.height


@given(sizes, boxes)
def test_contain_is_inside_on_a_canvas_of_the_whole_box(source: Size, box: Size) -> None:
    made = fit_into(source, box.width, box.height, Fit.CONTAIN)

    assert made.canvas == box
    assert made.resized == fit_into(source, box.width, box.height, Fit.INSIDE).resized


@given(sizes, st.floats(0.0001, 1))
def test_a_scaled_size_is_never_empty(size: Size, factor: float) -> None:
    scaled = size.scaled(factor)

    assert min(scaled.width, scaled.height) >= 1
    assert scaled.pixels == scaled.width * scaled.height
