"""The possible contents of a message, and the batch response for each."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared.model.errors import Cause, OutOfTime
from shared.model.outcome import Outcome
from tests.faults.delivery import FULL_SET, Delivery, cause, notification
from tests.functional.conftest import LIVE
from tests.functional.test_handler import Context, record
from tests.support import images
from tests.support.bodies import altered
from tests.support.fakes import FakeClock
from worker.batch import RecordResult, answer

pytestmark = pytest.mark.faults

OUR_BUCKET = ("Records.0.s3.bucket.name", "sources")
JUNK = {
    "empty": "",
    "no JSON": "hello",
    "an empty object": "{}",
    "an array": "[]",
    "null": "null",
    "a record of nothing": '{"Records": [{}]}',
}


@pytest.mark.case(1)
def test_the_test_event_of_s3_is_acknowledged_without_a_warning(delivery: Delivery) -> None:
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "sources"})

    with capture_logs() as said:
        (result,) = delivery.deliver(body)

    assert result == RecordResult("m0", Outcome.IGNORED, is_acknowledged=True)
    assert delivery.queues.sent == []
    assert [line for line in said if line["log_level"] not in ("debug", "info")] == []
    assert not any("failures" in line for line in said)


@pytest.mark.case(2)
@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK.keys())
def test_an_unreadable_body_is_a_dead_letter_and_the_rest_of_the_batch_is_made(
    delivery: Delivery, body: str
) -> None:
    delivery.world.drop("good.jpg", images.jpeg())
    event = {"Records": [record("junk", body), record("good", notification("good.jpg"))]}

    answered = answer(event, Context(), lambda: delivery.world.consumer)

    (dead_letter,) = delivery.queues.sent
    assert answered == {"batchItemFailures": []}
    assert dead_letter.body == body
    assert dead_letter.attributes["cause"] == Cause.BAD_MESSAGE
    assert delivery.world.stored_names("good.jpg") == FULL_SET


@pytest.mark.case(2)
def test_a_message_of_no_records_is_acknowledged_without_a_trace(delivery: Delivery) -> None:
    event = {"Records": [record("m1", '{"Records": []}')]}

    answered = answer(event, Context(), lambda: delivery.world.consumer)

    assert answered == {"batchItemFailures": []}
    assert delivery.queues.sent == []


@pytest.mark.case(3)
def test_a_newer_minor_version_with_fields_we_do_not_know_is_worked_on(
    delivery: Delivery,
) -> None:
    delivery.world.drop("photos/red flower.jpg", images.jpeg())

    (result,) = delivery.deliver(altered("s3_put_newer_minor", *OUR_BUCKET))

    assert result.outcome is Outcome.MADE
    assert delivery.agrees("photos/red flower.jpg")


@pytest.mark.case(3)
def test_another_major_version_is_refused_by_its_number(delivery: Delivery) -> None:
    body = altered("s3_put", "Records.0.eventVersion", "3.0")

    (result,) = delivery.deliver(body)

    (dead_letter,) = delivery.queues.sent
    assert cause(result.outcome) is Cause.BAD_MESSAGE
    assert "Expected eventVersion 2.x, got '3.0'" in dead_letter.attributes["detail"]


class Careless:
    """A consumer with a bug: it returns the results that the test sets."""

    def __init__(self, result: object) -> None:
        self.clock = FakeClock()
        self._result = result

    def consume(self, *_arguments: object, **_options: object) -> object:
        return self._result


ids = st.sampled_from(["m1", "m2", "m3", "m4", "", "nobody"])
outcomes = st.sampled_from([Outcome.MADE, OutOfTime("late")])
results = st.lists(st.builds(RecordResult, ids, outcomes, st.booleans()), max_size=6)
results = st.one_of(st.none(), st.integers(), st.lists(st.none(), max_size=3), results)


@pytest.mark.case(17)
@settings(max_examples=200, deadline=None)
@given(result=results)
def test_whatever_the_consumer_returns_only_ids_of_the_event_are_answered(
    result: Sequence[RecordResult] | None,
) -> None:
    event = {"Records": [record(f"m{number}", "{}") for number in (1, 2, 3)]}

    with capture_logs():
        answered = answer(event, Context(), lambda: Careless(result))  # type: ignore[arg-type,return-value] # that is the bug

    (failures,) = answered.values()
    named = [failure["itemIdentifier"] for failure in failures]
    unsettled = {"m1", "m2", "m3"} - _acknowledged(result)
    assert list(answered) == ["batchItemFailures"]
    assert set(named) == unsettled
    assert len(named) == len(set(named))


def _acknowledged(result: object) -> set[str]:
    """Return the ids that a result acknowledges and no other result contradicts."""
    if not isinstance(result, list) or not all(isinstance(each, RecordResult) for each in result):
        return set()
    kept = {result.message_id for result in result if not result.is_acknowledged}
    return {result.message_id for result in result if result.is_acknowledged} - kept


@pytest.mark.case(17)
def test_a_consumer_that_breaks_hands_the_whole_batch_back(delivery: Delivery) -> None:
    event = {"Records": [record(f"m{number}", "{}") for number in (1, 2)]}

    def broken() -> object:
        raise ZeroDivisionError("a bug")

    answered = answer(event, Context(), broken)  # type: ignore[arg-type] # that is the bug

    assert answered == {"batchItemFailures": [{"itemIdentifier": each} for each in ("m1", "m2")]}
    assert delivery.queues.delays == []
    assert LIVE not in {sent.queue for sent in delivery.queues.sent}
