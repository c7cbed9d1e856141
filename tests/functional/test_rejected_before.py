"""A source that was found unfit costs a duplicate a look; what asks again is tried again."""

import pytest

from shared.events import backfill
from shared.events.sqs import Message
from shared.model.errors import Cause, Failure
from shared.model.outcome import Outcome
from tests.functional.conftest import SOURCES, World
from tests.support import images

pytestmark = pytest.mark.functional

KEY = "bad.jpg"


@pytest.fixture(name="rejected")
def _rejected(world: World) -> World:
    world.drop(KEY, images.truncated_jpeg())
    assert cause_of(world.process(KEY)) is Cause.TRUNCATED
    return world


def cause_of(outcome: object) -> Cause | None:
    return outcome.cause if isinstance(outcome, Failure) else None


def test_a_duplicate_makes_no_second_dead_letter(rejected: World) -> None:
    before = rejected.item(KEY)

    outcome = rejected.process(KEY)

    assert outcome is Outcome.REJECTED
    assert len(rejected.dead_letters()) == 1
    assert rejected.item(KEY) == before


def test_the_message_that_led_to_it_insists(rejected: World) -> None:
    """Its worker may have died between the ledger and the dead-letter queue."""
    (message_id,) = rejected.item(KEY)["told_by"]["SS"]
    again = Message(message_id, "no-handle", rejected.event(KEY), 2, "live", None)

    (result,) = rejected.consumer.consume((again,), rejected.deadline())

    assert result.is_acknowledged
    assert cause_of(result.outcome) is Cause.TRUNCATED
    assert len(rejected.dead_letters()) == 2


def test_the_same_file_dropped_again_is_tried_again(
    rejected: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected.clients.dynamodb.update_item(  # as if it had been dropped a second earlier
        TableName="ledger",
        Key={"key": {"S": KEY}},
        UpdateExpression="SET last_modified = :then",
        ExpressionAttributeValues={":then": {"S": "2024-05-04T12:00:00+00:00"}},
    )

    assert cause_of(rejected.process(KEY)) is Cause.TRUNCATED


def test_a_redriven_dead_letter_is_tried_again(rejected: World) -> None:
    (dead_letter,) = rejected.dead_letters()
    attributes = {
        name: each["StringValue"] for name, each in dead_letter["MessageAttributes"].items()
    }
    redriven = Message("new-id", "no-handle", dead_letter["Body"], 1, "live", None, attributes)

    (result,) = rejected.consumer.consume((redriven,), rejected.deadline())

    assert cause_of(result.outcome) is Cause.TRUNCATED


def test_a_backfill_tries_it_again(rejected: World) -> None:
    rejected.send(backfill.write(SOURCES, [KEY]))

    (result,) = rejected.consume()

    assert cause_of(result.outcome) is Cause.TRUNCATED


def test_a_replaced_source_is_published_by_any_message(rejected: World) -> None:
    rejected.drop(KEY, images.jpeg())

    assert rejected.process(KEY) is Outcome.MADE


def test_a_source_that_asks_for_no_known_recipe_is_remembered_too(world: World) -> None:
    world.drop("a.jpg", images.jpeg(), {"recipe": "no-such"})
    assert cause_of(world.process("a.jpg")) is Cause.UNKNOWN_RECIPE

    assert world.process("a.jpg") is Outcome.REJECTED


def test_a_second_delete_event_writes_nothing(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.process("a.jpg")
    world.clients.s3.delete_object(Bucket=SOURCES, Key="a.jpg")
    assert world.process("a.jpg") is Outcome.REMOVED
    before = world.item("a.jpg")

    assert world.process("a.jpg") is Outcome.ABSENT
    assert world.item("a.jpg") == before


def test_a_backfill_message_tries_rejected_sources_once_again(rejected: World) -> None:
    body = backfill.write(SOURCES, [KEY])
    message = Message("m9", "no-handle", body, 1, "live", None)
    rejected.consumer.consume((message,), rejected.deadline())
    before = rejected.item(KEY)

    (result,) = rejected.consumer.consume((message,), rejected.deadline())

    assert cause_of(result.outcome) is Cause.TRUNCATED
    assert rejected.item(KEY) == before
