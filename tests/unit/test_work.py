from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.events.hint import Hint
from shared.events.sqs import Message
from shared.model.entry import Entry
from shared.model.errors import BadMessage
from worker.work import Work, works_of

pytestmark = pytest.mark.unit

BY_ANOTHER = Entry(status="rejected", message_ids=frozenset({"m0"}))
EARLY, LATE = datetime(2024, 5, 4, 11, tzinfo=UTC), datetime(2024, 5, 4, 12, tzinfo=UTC)


def message(name: str, *, receives: int = 1, redriven: bool = False) -> Message:
    attributes = {"cause": "truncated"} if redriven else {}
    return Message(name, "handle", "{}", receives, "arn:aws:sqs:r:1:p-bulk", None, attributes)


def hint(key: str, *, at: datetime | None = None, event: str = "ObjectCreated:Put") -> Hint:
    return Hint("sources", key, event, at)


def test_several_messages_of_one_key_are_one_piece_of_work() -> None:
    messages = [message("m1"), message("m2", receives=3), message("m3")]
    readings = [(hint("a", at=LATE),), (hint("a", at=EARLY),), (hint("b"),)]

    first, second = works_of(messages, readings)

    assert first == Work(
        "a", ("m1", "m2"), receives=3, queue="p-bulk", lane="bulk", happened_at=EARLY
    )
    assert second == Work("b", ("m3",), queue="p-bulk", lane="bulk")


def test_a_message_that_names_a_key_twice_is_noted_once() -> None:
    (work,) = works_of([message("m1")], [(hint("a"), hint("a"))])

    assert work.message_ids == ("m1",)


def test_a_message_that_cannot_be_read_asks_for_nothing() -> None:
    works = works_of([message("m1"), message("m2")], [BadMessage("no JSON"), ()])

    assert works == ()


def test_a_dead_letter_that_was_redriven_asks_again_and_answers_for_what_it_finds() -> None:
    (work,) = works_of([message("m1", redriven=True)], [(hint("a"),)])

    assert work.asks_again
    assert work.answers_for(BY_ANOTHER)


def test_a_redriven_message_of_a_crashed_worker_asks_again() -> None:
    redriven = replace(message("m1"), attributes={"redrive_id": "id-1"})

    (work,) = works_of([redriven], [(hint("a"),)])

    assert work.asks_again
    assert work.answers_for(BY_ANOTHER)


def test_a_backfill_asks_again_and_answers_for_nothing() -> None:
    (work,) = works_of([message("m1")], [(hint("a", event="backfill"),)])

    assert work.asks_again
    assert not work.answers_for(BY_ANOTHER)


def test_an_ordinary_event_does_neither() -> None:
    (work,) = works_of([message("m1")], [(hint("a"),)])

    assert not work.asks_again
    assert not work.answers_for(BY_ANOTHER)


@pytest.mark.parametrize("message_ids", [{"m1"}, {"m0", "m2"}])
def test_messages_answer_for_results_of_their_own(
    message_ids: set[str],
) -> None:
    entry = Entry(status="rejected", message_ids=frozenset(message_ids))

    assert Work("a", ("m1", "m2")).answers_for(entry)


@pytest.mark.parametrize("message_ids", [{"m0"}, set()])
def test_messages_do_not_answer_for_results_of_others(message_ids: set[str]) -> None:
    entry = Entry(status="rejected", message_ids=frozenset(message_ids))

    assert not Work("a", ("m1", "m2")).answers_for(entry)


def test_a_long_message_keeps_no_other_waiting() -> None:
    long = tuple(hint(f"long-{number}") for number in range(3))

    works = works_of([message("m1"), message("m2")], [long, (hint("short"),)])

    assert [work.key for work in works] == ["long-0", "short", "long-1", "long-2"]


def test_the_work_of_a_forwarded_message_knows_its_lanes() -> None:
    forwarded = replace(message("m2"), attributes={"forwarded_from": "live,medium"})

    (work,) = works_of([message("m1"), forwarded], [(hint("a"),), (hint("a"),)])

    assert work.forwarded_from == ("live", "medium")
    assert not work.asks_again
