from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from scripts.demo.demo_stack import FinishedKey
from scripts.demo.watch import STALL_SECONDS, DemoFailed, OutcomeWatch, PlainMeter, pace
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.events.sqs import Message

pytestmark = pytest.mark.unit

DONE = FinishedKey("published", 0.5, 1.0)
REFUSED = FinishedKey("rejected", 0.0, 1.0)
CUT = DeadLetter(Message("m1", "r1", "", 1, "dead", None), ("cut.jpg",))


class Time:
    """A clock that advances by sleeping only."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Stack:
    """A stack that goes through states, one per poll, and stays in the last."""

    def __init__(self, *states: "State") -> None:
        self._states = list(states)

    def finished_keys(self, keys: Iterable[str]) -> Mapping[str, FinishedKey]:
        if len(self._states) > 1:
            self._states.pop(0)
        return {key: each for key, each in self._states[0][0].items() if key in set(keys)}

    def queue_lengths(self) -> Mapping[str, int]:
        return {"live": self._states[0][1], "dead_letter": len(self._states[0][2])}

    def dead_letters(self) -> Sequence[DeadLetter]:
        return self._states[0][2]


class Worker:
    def __init__(self, *, ended: bool = False) -> None:
        self._ended = ended

    def has_ended(self) -> bool:
        return self._ended

    def last_log_lines(self) -> str:
        return "its last line"


def watch(stack: Stack, *, ended: bool = False, lines: list[str] | None = None) -> OutcomeWatch:
    time = Time()
    meter = PlainMeter((lines if lines is not None else []).append)
    return OutcomeWatch(stack, Worker(ended=ended), meter, lambda: None, time.now, time.sleep)


State = tuple[Mapping[str, FinishedKey], int, tuple[DeadLetter, ...]]

BEFORE: State = ({}, 2, ())


def test_waits_until_every_key_is_published_or_dead_lettered() -> None:
    both = {"a.jpg": DONE, "cut.jpg": REFUSED}
    stack = Stack(BEFORE, ({"a.jpg": DONE}, 1, ()), (both, 1, ()), (both, 0, (CUT,)))

    outcomes = watch(stack).wait(frozenset({"a.jpg", "cut.jpg"}))

    assert set(outcomes.published) == {"a.jpg"}
    assert outcomes.dead == (CUT,)
    assert outcomes.queues == {"live": 0, "dead_letter": 1}


def test_waits_for_the_queue_after_the_last_image() -> None:
    published = {"a.jpg": DONE}
    stack = Stack(BEFORE, (published, 2, ()), (published, 1, ()), (published, 0, ()))

    outcomes = watch(stack).wait(frozenset({"a.jpg"}))

    assert outcomes.queues["live"] == 0


def test_a_rejected_key_without_a_dead_letter_is_not_finished() -> None:
    stack = Stack(BEFORE, ({"cut.jpg": REFUSED}, 0, ()))

    with pytest.raises(DemoFailed, match="1 of 1 images are not finished"):
        watch(stack).wait(frozenset({"cut.jpg"}))


def test_a_dead_lettered_key_is_finished_without_a_ledger_entry() -> None:
    stack = Stack(BEFORE, ({}, 0, (CUT,)))

    outcomes = watch(stack).wait(frozenset({"cut.jpg"}))

    assert outcomes.dead == (CUT,)


def test_no_progress_fails_with_the_workers_last_log_lines() -> None:
    waiting = watch(Stack(BEFORE))

    with pytest.raises(DemoFailed, match=r"Nothing has changed for 120 s.*\nits last line"):
        waiting.wait(frozenset({"a.jpg"}))

    assert waiting.now() == pytest.approx(STALL_SECONDS, abs=2)


def test_a_worker_that_has_ended_fails_at_once() -> None:
    waiting = watch(Stack(BEFORE), ended=True)

    with pytest.raises(DemoFailed, match=r"The worker has ended.*\nits last line"):
        waiting.wait(frozenset({"a.jpg"}))

    assert waiting.now() == 0


def test_a_failed_upload_ends_the_wait() -> None:
    def refuse() -> None:
        raise OSError("disk")

    failing = replace(watch(Stack(BEFORE)), require_uploads=refuse)

    with pytest.raises(OSError, match="disk"):
        failing.wait(frozenset({"a.jpg"}))


def test_plain_progress_is_short_lines_without_control_characters() -> None:
    lines: list[str] = []
    meter = PlainMeter(lines.append)

    for done, seconds in ((0, 0.0), (1, 1.0), (2, 1.5), (3, 3.0), (3, 9.0), (4, 9.5)):
        meter.show(done, 4, seconds)

    assert lines == [
        "  0 of 4 images",
        "  3 of 4 images  1.00 images/s, 1 s left",
        "  4 of 4 images  0.42 images/s",
    ]


@pytest.mark.parametrize(
    ("done", "seconds", "shown"),
    [(0, 5.0, ""), (10, 10.0, "1.00 images/s, 1 min 30 s left"), (100, 50.0, "2.00 images/s")],
)
def test_the_pace_says_images_per_second_and_time_left(
    done: int, seconds: float, shown: str
) -> None:
    text = pace(done, 100, seconds)

    assert text == shown
