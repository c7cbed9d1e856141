import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.errors import BadFocal
from shared.model.focal import Focal, read_focal
from shared.model.geometry import Fitted, Size, fit_into, focal_corner
from shared.model.recipe import Fit, Gravity, Recipe, Slot, Variant
from shared.model.renditions import plan_renditions

pytestmark = pytest.mark.unit

fractions = st.floats(0, 1)
boxes = st.builds(Size, st.integers(1, 2000), st.integers(1, 2000))
SQUARE = Variant("sq", (Slot.WEBP,), 100, 100, Fit.COVER, Gravity.FOCAL)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("0.62,0.31", Focal(0.62, 0.31)),
        (" 0.62 , 0.31 ", Focal(0.62, 0.31)),
        ("0,1", Focal(0, 1)),
        ("1.0,0.0", Focal(1, 0)),
        ("1.,.5", Focal(1, 0.5)),
        ("0.123456789,1", Focal(0.123456789, 1)),
    ],
)
def test_a_focal_point_is_two_fractions(text: str, point: Focal) -> None:
    assert read_focal(text) == point


@pytest.mark.parametrize("text", [None, ""])
def test_empty_metadata_is_no_focal_point(text: str | None) -> None:
    assert read_focal(text) is None


INVALID = (
    "0.5",
    "0.5,",
    "0.5,0.5,0.5",
    "0.5 0.5",
    "1.01,0.5",
    "-0.1,0.5",
    "62%,31%",
    "320,240",
    "nan,0.5",
    "1e-1,0.5",
    "0,5;0,5",
    "\u0660,\u0660",  # digits, but not ours
    "face",
    "35mm",
    " ",
    "0.5,0.5\n0.1",
    "0" * 5000,
)


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_focal_point_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(BadFocal) as caught:
        read_focal(text)

    assert (caught.value.cause, caught.value.stage) == ("bad_focal", "focal")
    assert repr(text[:60]) in caught.value.detail
    assert len(caught.value.detail) < 200


@given(st.text())
def test_any_text_is_a_focal_point_or_refused(text: str) -> None:
    try:
        point = read_focal(text)
    except BadFocal:
        return

    assert point is None or (0 <= point.x <= 1 and 0 <= point.y <= 1)


@given(boxes, boxes, fractions, fractions)
def test_a_crop_is_inside_the_image_and_holds_the_focal_point(
    source: Size, box: Size, x: float, y: float
) -> None:
    fitted = fit_into(source, box.width, box.height, Fit.COVER)

    left, top = focal_corner(fitted.resized, fitted.canvas, Focal(x, y))

    assert 0 <= left <= fitted.resized.width - fitted.canvas.width
    assert 0 <= top <= fitted.resized.height - fitted.canvas.height
    # Within half a pixel, because of rounding.
    assert left - 0.5 <= x * fitted.resized.width <= left + fitted.canvas.width + 0.5
    assert top - 0.5 <= y * fitted.resized.height <= top + fitted.canvas.height + 0.5


@pytest.mark.parametrize(
    ("x", "left"), [(0.0, 0), (0.1, 0), (0.25, 0), (0.5, 50), (0.6, 70), (0.75, 100), (1.0, 100)]
)
def test_the_focal_point_is_in_the_middle_except_near_an_edge(x: float, left: int) -> None:
    fitted = Fitted(Size(200, 100), Size(100, 100))

    assert focal_corner(fitted.resized, fitted.canvas, Focal(x, 0.9)) == (left, 0)


def test_without_a_focal_point_gravity_focal_is_attention() -> None:
    attention = Variant("at", (Slot.WEBP,), 100, 100, Fit.COVER, Gravity.ATTENTION)

    (made,) = plan_renditions(Recipe("any", (SQUARE, attention)), Size(400, 300))

    assert (made.gravity, made.focal) == (Gravity.ATTENTION, None)
    assert made.names == {Slot.WEBP: ("sq", "at")}


@pytest.mark.parametrize("gravity", [each for each in Gravity if each is not Gravity.FOCAL])
def test_only_gravity_focal_uses_the_focal_point(gravity: Gravity) -> None:
    other = Variant("other", (Slot.WEBP,), 100, 100, Fit.COVER, gravity)

    made = plan_renditions(Recipe("any", (SQUARE, other)), Size(400, 300), focal=Focal(0.1, 0.2))

    assert {(each.gravity, each.focal) for each in made} == {
        (Gravity.FOCAL, Focal(0.1, 0.2)),
        (gravity, None),
    }
