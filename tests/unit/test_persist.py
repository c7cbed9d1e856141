from collections.abc import Callable, Sequence

import pytest
from botocore.exceptions import ReadTimeoutError

from shared.cloud.calls import Calls
from shared.cloud.persist import LONGEST_PAUSE_SECONDS, persist
from shared.deadline import Deadline
from shared.model.errors import (
    AccessDenied,
    LedgerUnavailable,
    OutOfTime,
    StorageUnavailable,
    Throttled,
)
from tests.support.fakes import FakeClock, client_error
from worker.policy import CALL_LIMITS

pytestmark = pytest.mark.unit

BATCH_SECONDS = 300
CALL_SECONDS = CALL_LIMITS.call_seconds
THROTTLES = {"s3": ("SlowDown", 503), "dynamodb": ("ThrottlingException", 400)}


class Aws:
    """An AWS whose calls fail until some time, each after `takes` seconds."""

    def __init__(
        self, clock: FakeClock, error: Exception, *, until: float, takes: float = 0.05
    ) -> None:
        self._clock, self._error, self._until, self._takes = clock, error, until, takes
        self.begun: list[float] = []

    def __call__(self) -> str:
        self.begun.append(self._clock.at)
        self._clock.at += self._takes
        if self._clock.at < self._until:
            raise self._error
        return "answer"


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="calls")
def _calls(clock: FakeClock) -> Calls:
    return Calls(CALL_LIMITS, Deadline.after(BATCH_SECONDS, clock), sleep=clock.sleep)


@pytest.mark.parametrize("throttle", THROTTLES.values(), ids=THROTTLES)
@pytest.mark.parametrize("seconds", [1, 20, 200])
def test_a_throttled_write_waits_until_it_is_accepted(
    clock: FakeClock, calls: Calls, throttle: tuple[str, int], seconds: float
) -> None:
    aws = Aws(clock, client_error(*throttle), until=clock.at + seconds)

    assert persist(calls, aws, stage="put") == "answer"


def test_a_throttled_write_is_given_up_at_the_deadline_and_not_long_before(
    clock: FakeClock, calls: Calls
) -> None:
    aws = Aws(clock, client_error("SlowDown", 503), until=clock.at + 1e6)

    with pytest.raises(Throttled):
        persist(calls, aws, stage="put")

    latest = calls.deadline.at - CALL_SECONDS
    assert latest - LONGEST_PAUSE_SECONDS - 1 <= clock.at <= latest + 1
    assert max(aws.begun) <= latest


def test_pauses_have_full_jitter_and_double(calls: Calls) -> None:
    pauses: list[list[float]] = []
    for _ in range(60):
        clock = FakeClock()
        one = Calls(CALL_LIMITS, Deadline.after(BATCH_SECONDS, clock), sleep=clock.sleep)
        aws = Aws(clock, client_error("SlowDown", 503), until=clock.at + 1e6, takes=0.0)
        with pytest.raises(Throttled):
            persist(one, aws, stage="put")
        moments = zip(aws.begun, aws.begun[1:], strict=False)
        pauses.append([later - earlier for earlier, later in moments][:12])

    for number, of_number in enumerate(zip(*pauses, strict=False)):
        longest = min(LONGEST_PAUSE_SECONDS, 0.1 * 2**number)
        assert max(of_number) <= longest + 1e-3
        assert max(of_number) > 0.6 * longest
        assert min(of_number) < 0.4 * longest


OUTAGES = {
    "server error": (client_error("InternalError", 500), "put", StorageUnavailable),
    "no answer": (ReadTimeoutError(endpoint_url="https://s3"), "put", StorageUnavailable),
    "ledger": (client_error("InternalServerError", 500), "ledger", LedgerUnavailable),
}


@pytest.mark.parametrize(("error", "stage", "kind"), OUTAGES.values(), ids=OUTAGES)
def test_an_outage_is_waited_for_as_long_as_a_call_may_take(
    clock: FakeClock, calls: Calls, error: Exception, stage: str, kind: type[Exception]
) -> None:
    began_at = clock.at
    aws = Aws(clock, error, until=clock.at + 1e6)

    with pytest.raises(kind):
        persist(calls, aws, stage=stage)

    assert clock.at - began_at <= CALL_SECONDS
    assert len(aws.begun) > CALL_LIMITS.attempts


def test_an_outage_between_throttles_is_counted_from_its_beginning(
    clock: FakeClock, calls: Calls
) -> None:
    throttled, down = client_error("SlowDown", 503), client_error("InternalError", 500)
    errors = iter([down, throttled] * 8)
    count = 0

    def call() -> str:
        nonlocal count
        count += 1
        clock.at += 6
        if error := next(errors, None):
            raise error
        return "answer"

    assert persist(calls, call, stage="put") == "answer"
    assert count == 17


def test_what_another_try_cannot_help_is_raised_at_once(clock: FakeClock, calls: Calls) -> None:
    aws = Aws(clock, client_error("AccessDenied", 403), until=clock.at + 1e6)

    with pytest.raises(AccessDenied):
        persist(calls, aws, stage="put")

    assert len(aws.begun) == 1


def test_nothing_begins_with_less_time_than_a_call_may_take(
    clock: FakeClock, calls: Calls
) -> None:
    aws = Aws(clock, client_error("SlowDown", 503), until=0)
    clock.at += BATCH_SECONDS - CALL_SECONDS + 0.1

    with pytest.raises(OutOfTime):
        persist(calls, aws, stage="put")

    assert aws.begun == []


def test_without_a_deadline_a_write_is_given_up_like_any_call(clock: FakeClock) -> None:
    calls = Calls(CALL_LIMITS, Deadline.never(clock), sleep=clock.sleep)
    aws = Aws(clock, client_error("SlowDown", 503), until=clock.at + 1e6)

    with pytest.raises(Throttled):
        persist(calls, aws, stage="delete")

    assert len(aws.begun) == CALL_LIMITS.attempts


def test_a_process_that_was_frozen_past_its_deadline_writes_no_more(
    clock: FakeClock, calls: Calls
) -> None:
    def freeze(_seconds: float) -> None:
        clock.at += 3_600

    frozen = Calls(calls.limits, calls.deadline, sleep=freeze)
    aws = Aws(clock, ReadTimeoutError(endpoint_url="https://s3"), until=clock.at + 1e6)

    # The first write may still take effect, so it is the failure to report.
    with pytest.raises(StorageUnavailable):
        persist(frozen, aws, stage="put")

    assert len(aws.begun) == 1


class RecordingPace:
    """A pace that gives a turn every two seconds and records what it is given."""

    def __init__(self, clock: FakeClock, turns: Callable[[], bool] = lambda: True) -> None:
        self._clock, self._turns = clock, turns
        self.notes: list[str] = []

    def begin(self, until: Deadline) -> float | None:
        self._clock.at += 2
        return self._clock.at if self._turns() and until.remaining_seconds() else None

    def accepted(self) -> None:
        self.notes.append("accepted")

    def throttled(self, begun_at: float) -> None:
        self.notes.append("throttled")


@pytest.mark.parametrize(
    ("errors", "notes"),
    [
        ([], ["accepted"]),
        ([("SlowDown", 503)] * 2, ["throttled", "throttled", "accepted"]),
        ([("InternalError", 500)], ["accepted"]),
    ],
    ids=["accepted", "throttled twice", "server error"],
)
def test_throttles_and_successes_reach_the_pace(
    clock: FakeClock, calls: Calls, errors: Sequence[tuple[str, int]], notes: list[str]
) -> None:
    pace, left = RecordingPace(clock), list(errors)

    def call() -> None:
        if left:
            raise client_error(*left.pop())

    persist(calls, call, stage="put", pace=pace)

    assert pace.notes == notes


def test_a_write_without_a_turn_is_throttled_and_never_sent(
    clock: FakeClock, calls: Calls
) -> None:
    aws = Aws(clock, client_error("SlowDown", 503), until=0)

    with pytest.raises(Throttled, match="Expected a turn") as caught:
        persist(calls, aws, stage="put", pace=RecordingPace(clock, lambda: False))

    assert caught.value.stage == "put"
    assert aws.begun == []
