import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, NoReturn, cast

import pytest

from shared.deadline import Deadline
from shared.events.body import read_hints
from shared.events.sqs import Message
from shared.model.errors import Corrupt, PixfleetError, StorageUnavailable, Throttled
from shared.model.outcome import Outcome
from shared.settings import read_settings
from tests.support.fakes import FakeClock, FakeQueues
from worker import runner
from worker.batch import Consumer, RecordResult
from worker.context import WorkerContext
from worker.policy import CALL_LIMITS, POLICY
from worker.runner import Runner

pytestmark = pytest.mark.unit

Raw = Mapping[str, Any]
POLL_SECONDS = 7


def raw(number: int) -> Raw:
    """Return a message as boto3 receives it."""
    return {
        "MessageId": f"m{number}",
        "ReceiptHandle": f"r{number}",
        "Body": "{}",
        "Attributes": {"ApproximateReceiveCount": "2"},
    }


@dataclass
class FakeConsumer:
    """Acknowledges every message but those that a test names."""

    unsettled: frozenset[str] = frozenset()
    batches: list[tuple[str, ...]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def consume(self, messages: Sequence[Message], deadline: Deadline) -> tuple[RecordResult, ...]:
        self.batches.append(tuple(message.id for message in messages))
        self.messages += messages
        self.deadlines.append(deadline.remaining_seconds())
        self.during()
        return tuple(
            RecordResult(message.id, Throttled("slow"), is_acknowledged=False)
            if message.id in self.unsettled
            else RecordResult(message.id, Outcome.MADE, is_acknowledged=True)
            for message in messages
        )


class Bench:
    """A runner among fakes, that stops when its queue is empty."""

    def __init__(self, *deliveries: Sequence[Raw] | PixfleetError, **settings: str) -> None:
        self.stopping = Event()
        self.queues = FakeQueues(list(deliveries), on_empty=self.stopping.set)
        self.consumer = FakeConsumer()
        self.pause_seconds = 0.0
        self.settings = read_settings(
            {
                "PIXFLEET_FLEET": "photos",
                "PIXFLEET_SOURCES_BUCKET": "sources",
                "PIXFLEET_VARIANTS_BUCKET": "variants",
                "PIXFLEET_LEDGER_TABLE": "ledger",
                "PIXFLEET_DEAD_LETTER_QUEUE": "dead",
                "PIXFLEET_RECIPES": "recipes.json",
                "PIXFLEET_QUEUE": "live",
                **settings,
            }
        )

    def run(self) -> None:
        Runner(self.context(), cast("Consumer", self.consumer), self.stopping).run()

    def context(self) -> WorkerContext:
        clock = FakeClock()
        nothing: Any = None  # the runner itself touches neither buckets nor ledger nor children
        return WorkerContext(
            settings=self.settings,
            policy=replace(POLICY, receive_pause_seconds=self.pause_seconds),
            clock=clock,
            deadline=Deadline.passed(clock),
            objects=nothing,
            ledger=nothing,
            queues=self.queues,
            recipes=nothing,
            watermarks=nothing,
            render_pool=nothing,
            uploads=nothing,
            upload_pace=nothing,
            prefetch_slots=nothing,
        )


def test_only_successful_messages_are_acknowledged() -> None:
    bench = Bench([raw(1), raw(2), raw(3)])
    bench.consumer.unsettled = frozenset({"m2"})

    bench.run()

    assert bench.consumer.batches == [("m1", "m2", "m3")]
    assert bench.queues.acknowledged == [("live", ("r1", "r3"))]


def test_without_a_success_nothing_is_acknowledged() -> None:
    bench = Bench([raw(1)])
    bench.consumer.unsettled = frozenset({"m1"})

    bench.run()

    assert bench.queues.acknowledged == []


def test_a_dead_letter_counts_as_acknowledged() -> None:
    bench = Bench([raw(1)])
    result = RecordResult("m1", Corrupt("buried"), is_acknowledged=True)
    bench.consumer.consume = lambda messages, deadline: (result,)  # type: ignore[method-assign] # a fake

    bench.run()

    assert bench.queues.acknowledged == [("live", ("r1",))]


def test_an_empty_answer_is_polled_again() -> None:
    bench = Bench([], [], [raw(1)])

    bench.run()

    assert bench.consumer.batches == [("m1",)]


def test_the_attributes_of_a_message_are_kept() -> None:
    bench = Bench([raw(7)])

    bench.run()

    (message,) = bench.consumer.messages
    assert (message.id, message.receipt_handle, message.body) == ("m7", "r7", "{}")
    assert (message.receive_count, message.queue) == (2, "live")


def test_a_stop_before_the_first_receive_is_obeyed() -> None:
    bench = Bench([raw(1)])
    bench.stopping.set()

    bench.run()

    assert bench.consumer.batches == []


def test_the_batch_in_hand_is_finished_and_no_other_begun() -> None:
    bench = Bench([raw(1)], [raw(2)])
    bench.consumer.during = bench.stopping.set

    bench.run()

    assert bench.consumer.batches == [("m1",)]
    assert bench.queues.acknowledged == [("live", ("r1",))]
    assert bench.queues.deliveries == [[raw(2)]]


def test_a_queue_out_of_reach_is_asked_again() -> None:
    bench = Bench(StorageUnavailable("no route"), StorageUnavailable("no route"), [raw(1)])

    bench.run()

    assert bench.queues.acknowledged == [("live", ("r1",))]


def test_a_lost_acknowledgement_does_not_end_the_runner() -> None:
    bench = Bench([raw(1)], [raw(2)])
    bench.queues.trouble = StorageUnavailable("no route")

    bench.run()

    assert bench.consumer.batches == [("m1",), ("m2",)]


def test_a_refused_acknowledgement_does_not_end_the_runner() -> None:
    bench = Bench([raw(1)], [raw(2)])
    bench.queues.refuses = 1

    bench.run()

    assert bench.consumer.batches == [("m1",), ("m2",)]


def test_a_batch_has_as_long_as_its_setting_says() -> None:
    bench = Bench([raw(1)], PIXFLEET_BATCH_SECONDS="77")

    bench.run()

    assert bench.consumer.deadlines == [77]


def test_messages_are_hidden_until_their_batch_is_acknowledged() -> None:
    bench = Bench([raw(1)], PIXFLEET_BATCH_SECONDS="77", PIXFLEET_POLL_SECONDS=str(POLL_SECONDS))

    bench.run()

    assert bench.queues.hidden_for[0] == POLL_SECONDS + 77 + CALL_LIMITS.call_seconds


def test_what_a_poll_brings_after_the_order_to_stop_is_still_finished() -> None:
    bench = Bench([raw(1)], [raw(2)])
    bench.queues.on_receive = bench.stopping.set

    bench.run()

    assert bench.queues.acknowledged == [("live", ("r1",))]


def test_a_failed_receive_is_followed_by_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(StorageUnavailable("no route"), StorageUnavailable("no route"), [raw(1)])
    pauses: list[float] = []
    bench.pause_seconds = 5.0
    monkeypatch.setattr(bench.stopping, "wait", pauses.append)

    bench.run()

    assert pauses == [5.0, 5.0]


def test_the_render_children_are_stopped_whatever_ends_the_runner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []

    class Broken(FakeConsumer):
        def consume(self, messages: Sequence[Message], deadline: Deadline) -> NoReturn:
            raise RuntimeError("a bug")

        def close(self) -> None:
            closed.append("children")

    bench = Bench([raw(1)])
    monkeypatch.setattr(runner, "read_settings", lambda **_: bench.settings)
    monkeypatch.setattr(runner, "configure_logging", lambda *_, **__: None)
    monkeypatch.setattr(runner, "build_context", lambda *_: bench.context())
    monkeypatch.setattr(runner, "Consumer", lambda _: Broken())
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    with pytest.raises(RuntimeError, match="a bug"):
        runner.main()

    assert closed == ["children"]


def test_the_renderer_of_a_runner_sends_a_key_to_its_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_demand = {"PIXFLEET_ON_DEMAND": "true", "PIXFLEET_SERVING_TABLE": "serving"}
    bench = Bench([raw(1)], **on_demand, PIXFLEET_ON_DEMAND_PORT="8080")
    given: list[Callable[[str], None]] = []

    class Renderer:
        def open(self) -> None:
            given[0]("photos/cat.jpg")

        def close(self) -> None:
            pass

    def build(_: object, look_again: Callable[[str], None]) -> Renderer:
        given.append(look_again)
        return Renderer()

    context = bench.context()
    monkeypatch.setattr(runner, "read_settings", lambda **_: bench.settings)
    monkeypatch.setattr(runner, "configure_logging", lambda *_, **__: None)
    monkeypatch.setattr(runner, "build_context", lambda *_: context)
    monkeypatch.setattr(runner, "build_server", build)
    monkeypatch.setattr(Runner, "run", lambda _: None)
    monkeypatch.setattr(Consumer, "close", lambda _: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    assert runner.main() == 0

    (sent,) = bench.queues.sent
    assert (sent.queue, [hint.key for hint in read_hints(sent.body)]) == (
        "live",
        ["photos/cat.jpg"],
    )
