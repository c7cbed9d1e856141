import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.model.errors import Cause, OutOfTime
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.unit

seconds = st.integers(min_value=0, max_value=10_000)


def test_time_runs_out_as_the_clock_goes_on() -> None:
    clock = FakeClock()
    deadline = Deadline.after(10, clock)

    left = [deadline.remaining_seconds()]
    for _ in range(3):
        clock.at += 4
        left.append(deadline.remaining_seconds())

    assert left == [10, 6, 2, 0]


def test_a_clock_that_is_set_back_gives_time_and_never_a_negative_one() -> None:
    clock = FakeClock()
    deadline = Deadline.after(-5, clock)

    assert deadline.remaining_seconds() == 0
    clock.at -= 10
    assert deadline.remaining_seconds() == 5


def test_an_earlier_deadline_keeps_its_distance() -> None:
    clock = FakeClock()
    deadline = Deadline.after(10, clock)

    earlier = deadline.earlier(3)

    assert earlier.remaining_seconds() == 7
    assert deadline.remaining_seconds() == 10


@given(left=seconds, most=seconds)
def test_a_deadline_within_a_time_is_the_earlier_of_the_two(left: int, most: int) -> None:
    clock = FakeClock()

    both = Deadline.after(left, clock).within(most)

    assert both.remaining_seconds() == min(left, most)


@given(left=seconds, needed=seconds)
def test_what_needs_more_time_than_is_left_may_not_start(left: int, needed: int) -> None:
    deadline = Deadline.after(left, FakeClock())

    if needed <= left:
        deadline.require(needed, "render")
        return
    with pytest.raises(OutOfTime) as caught:
        deadline.require(needed, "render")
    assert caught.value.stage == "render"
    assert caught.value.cause is Cause.DEADLINE


def test_running_out_of_time_sends_the_record_back_at_once() -> None:
    deadline = Deadline.after(0, FakeClock())

    with pytest.raises(OutOfTime, match=r"Expected 30 s to be left, got 0\.0 s\.") as caught:
        deadline.require(30, "fetch")

    assert caught.value.retry_after_seconds == 0


def test_the_system_clock_is_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 12.5)

    assert SystemClock().now() == 12.5
