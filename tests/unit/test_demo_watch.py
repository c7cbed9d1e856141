from collections.abc import Iterable, Mapping, Sequence

import pytest

from scripts.demo.fleet import LedgerLine
from scripts.demo.watch import STALL_SECONDS, DemoFailed, PlainMeter, Watch, pace
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.events.sqs import Message

pytestmark = pytest.mark.unit

DONE = LedgerLine("published", 0.5, 1.0)
REFUSED = LedgerLine("rejected", 0.0, 1.0)
CUT = DeadLetter(Message("m1", "r1", "", 1, "dead", None), ("cut.jpg",))


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Fleet:
    """Shows one state after the other, and the last one for ever."""

    def __init__(self, *states: "State") -> None:
        self._states = list(states)

    def ledger(self, keys: Iterable[str]) -> Mapping[str, LedgerLine]:
        if len(self._states) > 1:
            self._states.pop(0)
        return {key: line for key, line in self._states[0][0].items() if key in set(keys)}

    def queue_lengths(self) -> Mapping[str, int]:
        return {"live": self._states[0][1], "dead_letter": len(self._states[0][2])}

    def dead_letters(self) -> Sequence[DeadLetter]:
        return self._states[0][2]


class Worker:
    def __init__(self, *, ended: bool = False) -> None:
        self._ended = ended

    def has_ended(self) -> bool:
        return self._ended

    def last_words(self) -> str:
        return "its last words"


def watch(fleet: Fleet, *, ended: bool = False, lines: list[str] | None = None) -> Watch:
    time = Time()
    meter = PlainMeter((lines if lines is not None else []).append)
    return Watch(fleet, Worker(ended=ended), meter, lambda: None, time.now, time.sleep)


State = tuple[Mapping[str, LedgerLine], int, tuple[DeadLetter, ...]]

BEFORE: State = ({}, 2, ())


def test_waits_until_every_key_is_published_or_dead() -> None:
    both = {"a.jpg": DONE, "cut.jpg": REFUSED}
    fleet = Fleet(BEFORE, ({"a.jpg": DONE}, 1, ()), (both, 1, ()), (both, 0, (CUT,)))

    ends = watch(fleet).wait(frozenset({"a.jpg", "cut.jpg"}))

    assert set(ends.published) == {"a.jpg"}
    assert ends.dead == (CUT,)
    assert ends.queues == {"live": 0, "dead_letter": 1}


def test_waits_for_the_queue_after_the_last_image() -> None:
    published = {"a.jpg": DONE}
    fleet = Fleet(BEFORE, (published, 2, ()), (published, 1, ()), (published, 0, ()))

    ends = watch(fleet).wait(frozenset({"a.jpg"}))

    assert ends.queues["live"] == 0


def test_a_rejected_key_without_a_dead_letter_has_no_end() -> None:
    fleet = Fleet(BEFORE, ({"cut.jpg": REFUSED}, 0, ()))

    with pytest.raises(DemoFailed, match="1 of 1 images have no end yet"):
        watch(fleet).wait(frozenset({"cut.jpg"}))


def test_a_key_that_ran_out_of_tries_ends_by_its_dead_letter() -> None:
    fleet = Fleet(BEFORE, ({}, 0, (CUT,)))

    ends = watch(fleet).wait(frozenset({"cut.jpg"}))

    assert ends.dead == (CUT,)


def test_gives_up_when_nothing_moves_and_says_the_workers_last_words() -> None:
    seen = watch(Fleet(BEFORE))

    with pytest.raises(DemoFailed, match=r"Nothing has moved for 120 s.*\nits last words"):
        seen.wait(frozenset({"a.jpg"}))

    assert seen.now() == pytest.approx(STALL_SECONDS, abs=2)


def test_a_worker_that_ended_is_noticed_at_once() -> None:
    seen = watch(Fleet(BEFORE), ended=True)

    with pytest.raises(DemoFailed, match=r"The worker has ended.*\nits last words"):
        seen.wait(frozenset({"a.jpg"}))

    assert seen.now() == 0


def test_a_failed_upload_ends_the_wait() -> None:
    def refuse() -> None:
        raise OSError("disk")

    seen = watch(Fleet(BEFORE))
    failing = Watch(seen.fleet, seen.worker, seen.meter, refuse, seen.now, seen.sleep)

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
