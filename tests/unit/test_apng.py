import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.apng import Disposal, read_animation
from shared.model.errors import TooManyFrames, Truncated
from shared.model.limits import MAX_FRAMES_READ
from tests.support.hand.apng import CLEAR, GREY, RESTORE, Frame, apng

pytestmark = pytest.mark.unit

WHOLE = Frame(bytes(6), 3, 2)
PART = Frame(bytes(1), 1, 1, left=2, top=1)


def moving(*frames: Frame, **fields: object) -> bytes:
    return apng((3, 2), frames, colour=GREY, **fields)


def test_a_frame_has_its_box_and_its_control_fields() -> None:
    data = moving(WHOLE, Frame(b"\7", 1, 1, left=2, top=1, disposal=CLEAR, delay=(1, 30)), plays=4)

    animation = read_animation(data)

    assert animation is not None
    assert (animation.width, animation.height, animation.plays) == (3, 2, 4)
    second = animation.frames[1]
    assert (second.left, second.top, second.width, second.height) == (2, 1, 1, 1)
    assert second.disposal is Disposal.BACKGROUND
    assert second.delay_milliseconds == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("delay", "wanted"), [((3, 0), 30), ((0, 7), 0), ((1, 4), 250), ((65_535, 1), 65_535_000)]
)
def test_a_denominator_of_zero_means_hundredths(delay: tuple[int, int], wanted: float) -> None:
    animation = read_animation(moving(Frame(bytes(6), 3, 2, delay=delay)))

    assert animation is not None
    assert animation.frames[0].delay_milliseconds == wanted


UNCOVERING = {
    "all frames whole": (False, [WHOLE, Frame(bytes(6), 3, 2, disposal=CLEAR), WHOLE]),
    "parts kept": (False, [WHOLE, PART, PART]),
    "a part cleared": (True, [WHOLE, Frame(bytes(1), 1, 1, disposal=CLEAR), PART]),
    "the first frame undone": (True, [Frame(bytes(6), 3, 2, disposal=RESTORE), PART]),
    "a later frame undone": (False, [WHOLE, Frame(bytes(1), 1, 1, disposal=RESTORE), PART]),
}


@pytest.mark.parametrize(("wanted", "frames"), UNCOVERING.values(), ids=UNCOVERING.keys())
def test_a_canvas_is_transparent_only_where_nothing_was_drawn(
    frames: list[Frame],
    wanted: bool,  # noqa: FBT001 - a parameter
) -> None:
    animation = read_animation(moving(*frames))

    assert animation is not None
    assert animation.uncovers is wanted


def test_a_first_frame_that_is_a_part_leaves_the_canvas_transparent() -> None:
    animation = read_animation(moving(PART, PART, default=WHOLE))

    assert animation is not None
    assert animation.uncovers


def test_an_animation_may_have_as_many_frames_as_the_limit_and_not_one_more() -> None:
    most = read_animation(moving(*[WHOLE] * MAX_FRAMES_READ))

    assert most is not None
    assert len(most.frames) == MAX_FRAMES_READ
    with pytest.raises(TooManyFrames):
        read_animation(moving(*[WHOLE] * (MAX_FRAMES_READ + 1)))


MOVING = moving(WHOLE, PART, PART)


@given(st.integers(0, len(MOVING)), st.binary(max_size=40))
def test_no_bytes_raise_anything_but_truncated(kept: int, rest: bytes) -> None:
    try:
        animation = read_animation(MOVING[:kept] + rest)
    except Truncated as refused:
        assert "Expected 3 frames" in refused.detail  # noqa: PT017 - either end is right
    else:
        assert animation is None or len(animation.frames) == 3
