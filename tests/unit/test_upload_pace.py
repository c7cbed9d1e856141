from collections.abc import Callable

import pytest

from shared.deadline import Deadline
from shared.model.errors import Throttled
from tests.support.fakes import FakeClock
from worker.upload_pace import FASTEST, INCREASE, SLOWEST, PendingUploads, UploadPace

pytestmark = pytest.mark.unit


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="pace")
def _pace(clock: FakeClock) -> UploadPace:
    return UploadPace(clock, clock.sleep)


@pytest.fixture(name="until")
def _until(clock: FakeClock) -> Deadline:
    return Deadline.after(1_000, clock)


def begun(pace: UploadPace, until: Deadline) -> float:
    at = pace.begin(until)
    assert at is not None
    return at


def slowed(pace: UploadPace, until: Deadline, *, writes: int) -> None:
    """Let so many writes begin at once, and let S3 throttle the last of them."""
    moments = [begun(pace, until) for _ in range(writes)]
    pace.throttled(moments[-1])


def seconds_for(clock: FakeClock, work: Callable[[], object], times: int) -> float:
    began_at = clock.at
    for _ in range(times):
        work()
    return clock.at - began_at


def test_nothing_waits_before_the_first_slow_down(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    def write() -> None:
        pace.begin(until)
        pace.accepted()

    assert seconds_for(clock, write, 1_000) == 0
    assert not pace.is_limited


def test_a_slow_down_halves_the_pace_at_once(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    slowed(pace, until, writes=16)

    assert pace.per_second == 8
    assert seconds_for(clock, lambda: pace.begin(until), 80) == pytest.approx(10)


def test_the_pace_before_the_first_slow_down_is_that_of_the_last_second(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    for _ in range(300):
        begun(pace, until)
    clock.at += 1.1

    slowed(pace, until, writes=10)

    assert pace.per_second == 5


def test_writes_that_began_before_a_slow_down_do_not_halve_the_pace_again(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    moments = [begun(pace, until) for _ in range(16)]
    clock.at += 0.05

    for moment in moments:
        pace.throttled(moment)

    assert pace.per_second == 8


def test_a_write_that_begins_after_a_slow_down_halves_the_pace_again(
    pace: UploadPace, until: Deadline
) -> None:
    slowed(pace, until, writes=16)

    pace.throttled(begun(pace, until))

    assert pace.per_second < 8


def test_a_worker_that_writes_less_than_it_may_is_slowed_too(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    slowed(pace, until, writes=200)
    clock.at += 60

    slowed(pace, until, writes=2)

    assert pace.per_second == 1


def test_the_pace_never_falls_below_the_slowest(pace: UploadPace, until: Deadline) -> None:
    for _ in range(20):
        pace.throttled(begun(pace, until))

    assert pace.per_second == SLOWEST


@pytest.mark.parametrize("writes", [2, 8, 40], ids=lambda writes: f"from {writes / 2} a second")
def test_the_pace_recovers_by_at_least_a_constant_each_second(
    clock: FakeClock, pace: UploadPace, until: Deadline, writes: int
) -> None:
    slowed(pace, until, writes=writes)
    before, began_at = pace.per_second, clock.at

    while clock.at < began_at + 20:
        begun(pace, until)
        pace.accepted()

    assert pace.per_second - before >= 0.9 * INCREASE * 20


def test_a_worker_that_recovers_is_unlimited_again(pace: UploadPace, until: Deadline) -> None:
    slowed(pace, until, writes=100)

    for _ in range(10 * round(FASTEST)):
        pace.accepted()

    assert not pace.is_limited


def test_two_workers_end_with_equal_shares_whatever_they_had(clock: FakeClock) -> None:
    share = 3.5
    paces = [UploadPace(clock, clock.sleep) for _ in range(2)]
    paces[0].per_second, paces[1].per_second = 6.6, 0.4

    until, next_turns = Deadline.after(300, clock), [clock.at, clock.at]
    while until.remaining_seconds():
        at = next_turns.index(min(next_turns))
        clock.at = next_turns[at]
        paces[at].begin(until)
        paces[at].accepted()
        next_turns[at] = clock.at + 1 / paces[at].per_second
        if sum(pace.per_second for pace in paces) > 2 * share:
            for pace in paces:
                pace.throttled(clock.at)

    fast, slow = sorted((pace.per_second for pace in paces), reverse=True)
    assert fast / slow < 1.5


def test_no_write_gets_a_turn_after_its_time(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    for _ in range(20):
        pace.throttled(begun(pace, until))
    soon = Deadline.after(1 / SLOWEST - 1, clock)

    assert pace.begin(soon) is None
    assert clock.at == pytest.approx(soon.at)


def test_a_clock_that_is_set_back_delays_a_write_by_one_interval_at_most(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    slowed(pace, until, writes=4)
    clock.at -= 3600

    assert seconds_for(clock, lambda: pace.begin(until), 1) <= 1.0


def test_images_are_admitted_without_waiting_while_nothing_is_throttled(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    assert seconds_for(clock, lambda: pace.admit(1_000, until), 10) == 0
    assert pace.backlog == 10_000


def test_a_throttled_worker_admits_no_image_that_it_could_not_store_in_time(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    pace.admit(16, until)
    slowed(pace, until, writes=16)
    soon = Deadline.after(30, clock)

    with pytest.raises(Throttled, match="16 more objects"):
        pace.admit(16, soon)

    assert clock.at == pytest.approx(soon.at)
    assert pace.backlog == 16


def test_an_image_is_admitted_once_s3_accepts_enough(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    first = pace.admit(16, until)
    slowed(pace, until, writes=16)
    for _ in range(10):
        first.accepted()

    second = pace.admit(16, until)

    assert second.objects == 16
    assert pace.backlog == 6 + 16


def test_one_image_is_admitted_however_slow_s3_is(pace: UploadPace, until: Deadline) -> None:
    for _ in range(20):
        pace.throttled(begun(pace, until))

    assert pace.admit(1_000_000, until).objects == 1_000_000


def test_what_an_image_gives_up_is_no_longer_in_the_backlog(
    pace: UploadPace, until: Deadline
) -> None:
    pending = pace.admit(16, until)
    pending.accepted()
    pending.throttled(begun(pace, until))

    pending.close()

    assert (pace.backlog, pending.objects, pending.slow_downs) == (0, 0, 1)


def test_an_image_with_more_objects_than_were_expected_takes_nothing_off_for_another(
    pace: UploadPace, until: Deadline
) -> None:
    """Its lazy files were made at upload, too, because it moves."""
    pending, other = pace.admit(2, until), pace.admit(5, until)

    for _ in range(6):
        pending.accepted()
    before = pace.backlog
    pending.close()

    assert (before, pace.backlog) == (5, 5)
    assert other.objects == 5


def test_uploads_of_an_image_take_the_turns_of_its_worker(
    clock: FakeClock, pace: UploadPace, until: Deadline
) -> None:
    slowed(pace, until, writes=4)
    images = [PendingUploads(pace, 5) for _ in range(2)]

    took = seconds_for(clock, lambda: [image.begin(until) for image in images], 5)

    assert took == pytest.approx(10 / pace.per_second)
