import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.gif import GifLayout, read_layout
from tests.support.hand.gif import CLEAR, KEEP, RESTORE, Frame, of

pytestmark = pytest.mark.unit

SIZE = (6, 4)
FULL = Frame([1] * 24, 6, 4)
PART = Frame([2] * 2, 2, 1, 3, 2)
DATA = of(SIZE, FULL, Frame([7], 1, 1, 5, 3, disposal=RESTORE, transparent=9), PART)


def layout(data: bytes) -> GifLayout:
    found = read_layout(data)
    assert found is not None
    return found


def test_a_frame_has_its_box_and_its_control_fields() -> None:
    found = layout(DATA)

    assert found.size == SIZE
    _, second, third = found.frames
    assert (second.left, second.top, second.width, second.height) == (5, 3, 1, 1)
    assert (second.disposal, second.has_transparent_colour) == (RESTORE, True)
    assert (third.disposal, third.has_transparent_colour) == (KEEP, False)


def test_a_control_extension_is_for_the_next_frame_only() -> None:
    second = Frame([2], 1, 1, has_control=False)
    found = layout(of(SIZE, Frame([1], 1, 1, transparent=1, disposal=CLEAR), second))

    assert found.frames[0].has_transparent_colour
    assert found.frames[1].flags == 0
    assert found.frames[1].control is None


def test_a_frame_ends_where_its_data_end() -> None:
    found = layout(DATA)

    for frame, following in zip(found.frames, found.frames[1:], strict=False):
        assert DATA[frame.end] == 0
        assert following.control == frame.end + 1


@pytest.mark.parametrize(
    ("frame", "size"), [(Frame([1] * 9, 9, 1), (9, 4)), (Frame([1] * 4, 2, 2, 5, 3), (7, 5))]
)
def test_a_canvas_that_is_too_small_for_the_first_frame_grows(
    frame: Frame, size: tuple[int, int]
) -> None:
    assert layout(of(SIZE, frame)).size == size
    assert layout(of(SIZE, FULL, frame)).size == SIZE


CLEARED, SEE_THROUGH = Frame([2], 1, 1, disposal=CLEAR), Frame([2], 1, 1, transparent=3)
MISREAD: dict[str, tuple[bool, list[Frame]]] = {
    "a frame that fills the canvas": (False, [FULL]),
    "a frame that does not": (True, [PART]),
    "a frame that does not, and is transparent": (False, [SEE_THROUGH]),
    "a frame that does not before a transparent one": (False, [PART, SEE_THROUGH]),
    "a cleared frame": (True, [FULL, CLEARED, PART]),
    "a cleared frame at the end": (False, [FULL, CLEARED]),
    "a cleared frame in a transparent animation": (True, [FULL, CLEARED, SEE_THROUGH]),
    "a frame of no size": (True, [PART, Frame([], 0, 0)]),
    "a frame that is larger than the canvas": (False, [PART, Frame([1] * 9, 9, 1)]),
    "a frame outside the canvas": (True, [PART, Frame([1], 1, 1, 6, 0)]),
    "a frame that leaves the canvas": (True, [PART, Frame([1] * 9, 3, 3, 5, 3)]),
}


@pytest.mark.parametrize(("wanted", "frames"), MISREAD.values(), ids=MISREAD.keys())
def test_libvips_composes_only_transparent_animations_as_browsers_do(
    frames: list[Frame],
    wanted: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert layout(of(SIZE, *frames)).is_misread_by_libvips(*SIZE) is wanted


def test_a_canvas_that_libvips_has_shrunk_is_misread() -> None:
    assert layout(of((640, 480), SEE_THROUGH)).is_misread_by_libvips(1, 1)


@given(st.integers(0, len(DATA)), st.binary(max_size=20))
def test_no_bytes_raise_anything(kept: int, rest: bytes) -> None:
    data = DATA[:13] + DATA[13:kept] + rest

    found = read_layout(data)

    assert found is None or found.frames
