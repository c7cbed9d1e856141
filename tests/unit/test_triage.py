from collections.abc import Mapping
from dataclasses import replace
from inspect import signature

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cloud.queues import Queues
from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.errors import (
    MAX_DETAIL_CHARS,
    AccessDenied,
    BadMessage,
    Claimed,
    Corrupt,
    DecoderCrash,
    DecodeTimeout,
    Failure,
    OutOfTime,
    PoisonSuspect,
    SourceChanged,
    StorageUnavailable,
    Throttled,
    Transient,
    Unknown,
)
from shared.model.versions import WORKER_VERSION
from tests.support.fakes import AMPLE, FakeClock, FakeQueues, Sent
from worker.back_off import BackOff
from worker.triage import Triage

pytestmark = pytest.mark.unit

MAX_RECEIVES = 8
MESSAGE = Message(
    id="m1",
    receipt_handle="r1",
    body='{"Records": []}',
    receive_count=1,
    queue_arn="arn:aws:sqs:us-east-1:123456789012:live",
    sent_at=None,
)
BACK_OFF = BackOff()
# A receive count has no bound of its own, and no message may have a negative delay.
receive_counts = st.integers(min_value=0, max_value=10**9)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


def triage_over(queues: FakeQueues, request_id: str = "request-1") -> Triage:
    return Triage(queues, "dead", MAX_RECEIVES, BACK_OFF, lambda: 0.5, AMPLE, request_id)


def test_after_the_batch_a_message_is_left_to_its_next_receiver() -> None:
    queues = FakeQueues()
    late = replace(triage_over(queues), until=Deadline.passed(FakeClock()))

    is_done = late.handle(MESSAGE, Throttled("Slow down.", stage="put"))

    assert not is_done
    assert queues.delays == []


def test_a_message_that_fails_again_keeps_its_redrive_id() -> None:
    queues = FakeQueues()
    message = replace(MESSAGE, attributes={"cause": "throttled", "redrive_id": "id-1"})

    triage_over(queues).handle(message, Corrupt("torn", stage="render"))

    (dead_letter,) = queues.sent
    assert dead_letter.attributes["cause"] == "corrupt"
    assert dead_letter.attributes["redrive_id"] == "id-1"


@pytest.mark.parametrize(
    ("receive_count", "seconds"),
    [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1800), (8, 1800)],
)
def test_the_back_off_doubles_up_to_half_an_hour(receive_count: int, seconds: int) -> None:
    assert BACK_OFF.seconds(receive_count, 0) == seconds


@given(receive_counts, chances)
def test_jitter_adds_up_to_half_and_never_takes_away(receive_count: int, chance: float) -> None:
    full = BACK_OFF.seconds(receive_count, 0)

    seconds = BACK_OFF.seconds(receive_count, chance)

    assert BACK_OFF.base_seconds <= full <= BACK_OFF.cap_seconds
    assert full <= seconds <= full * 1.5


@given(receive_counts)
def test_a_later_receive_never_waits_less(receive_count: int) -> None:
    assert BACK_OFF.seconds(receive_count, 0) <= BACK_OFF.seconds(receive_count + 1, 0)


def test_eight_receives_outlast_an_hours_outage() -> None:
    shortest = [BACK_OFF.seconds(count, 0) for count in range(1, MAX_RECEIVES)]

    assert sum(shortest) > 60 * 60


def test_a_transient_failure_delays_its_message_by_the_back_off() -> None:
    queues = FakeQueues()

    is_final = triage_over(queues).handle(replace(MESSAGE, receive_count=3), Throttled("slow"))

    assert not is_final
    assert queues.delays == [("live", "r1", 150)]
    assert queues.sent == []


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (Claimed("held", lease_left_seconds=17.4), 18),
        (OutOfTime("late"), 0),
        (SourceChanged("replaced"), 0),
    ],
    ids=["claimed", "deadline", "source_changed"],
)
def test_a_failure_that_knows_when_to_come_back_is_obeyed(
    failure: Transient, seconds: int
) -> None:
    queues = FakeQueues()

    is_final = triage_over(queues).handle(replace(MESSAGE, receive_count=1), failure)

    assert not is_final
    assert queues.delays == [("live", "r1", seconds)]


@pytest.mark.parametrize(
    "failure",
    [Claimed("held", lease_left_seconds=900), OutOfTime("late"), SourceChanged("replaced")],
    ids=["claimed", "deadline", "source_changed"],
)
def test_no_failure_burns_receives_faster_or_waits_longer_than_the_back_off(
    failure: Transient,
) -> None:
    queues = FakeQueues()

    triage_over(queues).handle(replace(MESSAGE, receive_count=2), failure)

    ((_, _, seconds),) = queues.delays
    assert 60 <= seconds <= 90


def test_a_surprise_while_acknowledging_leaves_the_message_to_its_queue() -> None:
    class Broken(FakeQueues):
        def send(self, *_arguments: object) -> None:
            raise ValueError("a bug")

    is_final = triage_over(Broken()).handle(MESSAGE, Corrupt("bad"))

    assert not is_final


def test_a_permanent_failure_is_dead_lettered_at_once_with_its_attributes() -> None:
    queues = FakeQueues()

    is_final = triage_over(queues).handle(MESSAGE, Corrupt("bad data", stage="render"))

    (dead_letter,) = queues.sent
    assert is_final
    assert dead_letter.queue == "dead"
    assert dead_letter.body == MESSAGE.body
    assert dead_letter.attributes == {
        "cause": "corrupt",
        "stage": "render",
        "detail": "bad data",
        "source_queue": "live",
        "origin_message_id": "m1",
        "receive_count": "1",
        "worker_version": WORKER_VERSION,
        "request_id": "request-1",
    }
    assert queues.delays == []


@pytest.mark.parametrize(
    "failure",
    [
        AccessDenied("no"),
        Claimed("held", lease_left_seconds=9),
        OutOfTime("late"),
        StorageUnavailable("down"),
        Unknown("a bug"),
    ],
    ids=lambda failure: failure.cause.value,
)
def test_only_the_last_receive_is_dead_lettered_with_its_cause(
    failure: Failure,
) -> None:
    queues = FakeQueues()
    triage = triage_over(queues)

    before = triage.handle(replace(MESSAGE, receive_count=MAX_RECEIVES - 1), failure)
    last = triage.handle(replace(MESSAGE, receive_count=MAX_RECEIVES), failure)

    (dead_letter,) = queues.sent
    assert (before, last) == (False, True)
    assert dead_letter.attributes["cause"] == failure.cause
    assert dead_letter.attributes["receive_count"] == "8"


def test_a_message_received_too_often_for_the_limit_is_dead_lettered() -> None:
    queues = FakeQueues()

    assert triage_over(queues).handle(replace(MESSAGE, receive_count=99), Throttled("slow"))


@pytest.mark.parametrize("kind", [DecoderCrash, DecodeTimeout])
def test_a_second_crash_of_a_child_is_not_tried_again(
    kind: type[PoisonSuspect],
) -> None:
    queues = FakeQueues()
    triage = triage_over(queues)
    first_crash, second_crash = kind("died"), kind("died")
    second_crash = second_crash.as_permanent()

    first = triage.handle(replace(MESSAGE, receive_count=2), first_crash)
    second = triage.handle(replace(MESSAGE, receive_count=2), second_crash)

    assert (first, second) == (False, True)
    assert len(queues.sent) == len(queues.delays) == 1


SERVING = Claimed("held", lease_left_seconds=17.4, is_serving=True)


def test_a_renderers_claim_makes_no_dead_letter_at_the_last_receive() -> None:
    queues = FakeQueues()
    attributes = {"cause": "throttled", "redrive_id": "id-1"}
    last = replace(MESSAGE, receive_count=MAX_RECEIVES, attributes=attributes)

    may_be_deleted = triage_over(queues).handle(last, SERVING)

    assert may_be_deleted
    assert queues.sent == [Sent("live", MESSAGE.body, attributes, delay_seconds=18)]
    assert queues.delays == []


def test_a_renderers_claim_delays_a_message_by_the_back_off_before() -> None:
    queues = FakeQueues()
    failure = Claimed("held", lease_left_seconds=900, is_serving=True)

    may_be_deleted = triage_over(queues).handle(MESSAGE, failure)

    assert not may_be_deleted
    assert queues.delays == [("live", "r1", 38)]
    assert queues.sent == []


@pytest.mark.parametrize(
    ("failure", "queue"),
    [
        (Claimed("held", lease_left_seconds=17, is_live=True), "live"),
        (Claimed("held for years", lease_left_seconds=10**8, is_live=True), "dead"),
        (Claimed("not what was written", lease_left_seconds=1), "dead"),
    ],
    ids=["at work", "error in the entry", "no lease"],
)
def test_a_workers_claim_is_waited_for_as_long_as_it_will_end(
    failure: Claimed, queue: str
) -> None:
    queues = FakeQueues()
    last = replace(MESSAGE, receive_count=MAX_RECEIVES)

    triage_over(queues).handle(last, failure)

    assert [each.queue for each in queues.sent] == [queue]


def test_a_message_that_cannot_be_sent_again_is_left_to_its_queue() -> None:
    queues = FakeQueues(trouble=StorageUnavailable("no route to SQS"))
    last = replace(MESSAGE, receive_count=MAX_RECEIVES)

    assert not triage_over(queues).handle(last, SERVING)


def test_no_attribute_is_empty_for_sqs_refuses_those() -> None:
    queues = FakeQueues()
    nameless = Message("m1", "r1", "junk", 1, "", None)

    triage_over(queues, request_id="").handle(nameless, BadMessage(""))

    (dead_letter,) = queues.sent
    assert set(dead_letter.attributes) == {
        "cause",
        "origin_message_id",
        "receive_count",
        "worker_version",
    }


@given(detail=st.text(max_size=2000))
def test_a_detail_is_sent_as_one_line_that_sqs_takes(detail: str) -> None:
    queues = FakeQueues()

    triage_over(queues).handle(MESSAGE, Corrupt(detail))

    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    sent = queues.sent[0].attributes.get("detail", "-")
    assert 0 < len(sent) <= MAX_DETAIL_CHARS
    assert sent.isprintable()
    sent.encode()


def test_the_body_is_never_changed() -> None:
    queues = FakeQueues()
    odd = replace(MESSAGE, body='{"key": "\u00e9 \U0001f408\\u0000"}\r\n\t')

    triage_over(queues).handle(odd, Corrupt("x"))

    assert queues.sent[0].body == odd.body


@pytest.mark.parametrize(
    "failure", [Corrupt("permanent"), Throttled("transient")], ids=["send", "delay"]
)
def test_a_message_that_cannot_be_moved_is_left_to_its_queue(failure: Failure) -> None:
    queues = FakeQueues(trouble=StorageUnavailable("no route to SQS"))

    is_final = triage_over(queues).handle(MESSAGE, failure)

    assert not is_final


@pytest.mark.parametrize("name", ["receive", "acknowledge", "delay", "send", "send_delayed"])
def test_the_fake_queues_take_what_the_real_ones_take(name: str) -> None:
    assert signature(getattr(FakeQueues, name)) == signature(getattr(Queues, name))


def test_a_dead_letter_too_large_for_all_its_attributes_keeps_cause_and_stage() -> None:
    queues = FakeQueues()
    sent: list[set[str]] = []
    queues_send = queues.send

    def send(queue: str, body: str, attributes: Mapping[str, str]) -> None:
        sent.append(set(attributes))
        if len(attributes) > 2:
            raise Unknown("InvalidParameterValue", stage="send")
        queues_send(queue, body, attributes)

    queues.send = send  # type: ignore[method-assign]

    assert triage_over(queues).handle(MESSAGE, Corrupt("bad", stage="render"))
    assert sent[-1] == {"cause", "stage"}
    assert len(queues.sent) == 1
