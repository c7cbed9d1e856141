"""What CloudFront may have cached of a key is purged after its removal, whatever crashes."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.cloud.clients import Clients
from shared.cloud.ledger import Ledger
from shared.cloud.queues import Queues
from shared.events import backfill, purge
from shared.model.errors import Cause, Failure, StorageUnavailable
from shared.model.outcome import Outcome
from tests.functional.conftest import RECIPES, SOURCES, World
from tests.support import images
from tests.support.awkward import KEYS

pytestmark = pytest.mark.functional

PURGES = "purges"
KEY = "a.jpg"
REPLACING: Mapping[str, Any] = {
    **RECIPES,
    "recipes": [{**each, "purge": "replace"} for each in RECIPES["recipes"]],  # type: ignore[attr-defined] # a literal
}


@pytest.fixture(name="queue")
def _queue(clients: Clients) -> str:
    return clients.sqs.create_queue(QueueName=PURGES)["QueueUrl"]


@pytest.fixture(name="world")
def _world(make_world: Callable[..., World], queue: str) -> World:
    return make_world(PIXFLEET_PURGE_QUEUE=queue)


def sent(world: World) -> list[str]:
    """Return the keys of the messages that can be received, and empty the queue of them."""
    raw = world.context.queues.receive(PURGES, wait_seconds=0, hide_seconds=30)
    if raw:
        world.context.queues.acknowledge(PURGES, [each["ReceiptHandle"] for each in raw])
    return [purge.read(each["Body"]).key for each in raw]


def delayed(world: World) -> int:
    return world.context.queues.depth(PURGES).delayed


def publish(world: World, key: str = KEY) -> None:
    world.drop(key, images.jpeg(seed=1))
    assert world.process(key) is Outcome.MADE


def remove(world: World, key: str = KEY) -> object:
    world.clients.s3.delete_object(Bucket=SOURCES, Key=key)
    return world.process(key)


def test_a_removal_is_purged_at_once_and_a_minute_later(world: World) -> None:
    publish(world)

    outcome = remove(world)

    assert outcome is Outcome.REMOVED
    assert sent(world) == [KEY]
    assert delayed(world) == 1
    assert "purge_due" not in world.item(KEY)


def test_a_rejection_of_a_public_picture_is_purged(world: World) -> None:
    publish(world)
    world.drop(KEY, images.truncated_jpeg())

    world.process(KEY)

    assert sent(world) == [KEY]
    assert delayed(world) == 1
    assert "purge_due" not in world.item(KEY)


def test_what_was_never_public_is_not_purged(world: World) -> None:
    world.drop(KEY, images.truncated_jpeg())
    world.process(KEY)
    remove(world)
    remove(world, "never.jpg")

    assert sent(world) == []
    assert delayed(world) == 0


def test_an_upload_is_not_purged(world: World) -> None:
    publish(world)

    assert sent(world) == []


def test_a_replacement_is_not_purged(world: World) -> None:
    publish(world)
    world.drop(KEY, images.jpeg(seed=2))
    world.process(KEY)

    assert sent(world) == []


def test_a_replacement_is_purged_where_its_recipe_says_so(
    make_world: Callable[..., World], queue: str
) -> None:
    world = make_world(REPLACING, PIXFLEET_PURGE_QUEUE=queue)
    publish(world)
    assert sent(world) == []
    world.drop(KEY, images.jpeg(seed=2))

    world.process(KEY)

    assert sent(world) == [KEY]
    assert delayed(world) == 1
    assert "purge_due" not in world.item(KEY)


def test_leftovers_of_a_first_attempt_are_purged_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers may have seen what was stored before the attempt failed."""

    def fail(*_arguments: object, **_named: object) -> None:
        raise StorageUnavailable("said S3", stage="put")

    world.drop(KEY, images.jpeg(seed=1))
    with monkeypatch.context() as patch:
        patch.setattr("shared.cloud.objects.Objects.put_manifest", fail)
        world.process(KEY)
    monkeypatch.setattr(Ledger, "refuse_held", lambda *_: None)
    world.clients.dynamodb.update_item(
        TableName="ledger", Key={"key": {"S": KEY}}, UpdateExpression="REMOVE lease_until"
    )

    remove(world)

    assert sent(world) == [KEY]


def _broken(*_arguments: object, **_named: object) -> None:
    raise StorageUnavailable("said SQS", stage="send")


def _crash(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["send", "send_delayed"])
def test_a_queue_that_fails_brings_the_message_back_and_loses_no_purge(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(world)
    with monkeypatch.context() as patch:
        patch.setattr(Queues, step, _broken)
        outcome = remove(world)
    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.STORAGE_UNAVAILABLE
    assert "purge_due" in world.item(KEY)
    sent(world)

    again = world.process(KEY)

    assert again is Outcome.ABSENT
    assert sent(world) == [KEY]
    assert delayed(world) >= 1
    assert "purge_due" not in world.item(KEY)


def missing_queue(world: World) -> None:
    url = world.clients.sqs.get_queue_url(QueueName=PURGES)["QueueUrl"]
    world.clients.sqs.delete_queue(QueueUrl=url)


def test_a_missing_purge_queue_keeps_no_picture_back_and_forgets_no_purge(
    world: World, make_world: Callable[..., World]
) -> None:
    for number in range(4):
        publish(world, f"{number}.jpg")
    missing_queue(world)
    for number in range(4):
        outcome = remove(world, f"{number}.jpg")
        assert isinstance(outcome, Failure)

    with capture_logs() as logs:
        for number in range(4):
            world.drop(f"{number}.jpg", images.jpeg(seed=2))
            outcome = world.process(f"{number}.jpg")

            assert isinstance(outcome, Failure)
            assert outcome.cause is Cause.STORAGE_UNAVAILABLE
            assert "manifest.json" in world.stored_names(f"{number}.jpg")
            assert "purge_due" in world.item(f"{number}.jpg")
    assert world.context.circuit_breaker.reason is None
    assert publish_another(world)
    said = [each for each in logs if each["event"] == "purge not sent"]
    assert [each["purge_failures"] for each in said] == [1] * 4


def publish_another(world: World) -> bool:
    publish(world, "another.jpg")
    return True


def test_a_purge_that_could_not_be_sent_goes_with_the_message_that_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    with monkeypatch.context() as patch:
        patch.setattr(Queues, "send", _broken)
        remove(world)
        world.drop(KEY, images.jpeg(seed=2))
        assert isinstance(world.process(KEY), Failure)

    assert world.process(KEY) is Outcome.CURRENT
    assert sent(world) == [KEY]
    assert "purge_due" not in world.item(KEY)


def test_without_the_time_for_a_slow_purge_queue_the_picture_goes_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    with monkeypatch.context() as patch:
        patch.setattr(Queues, "send", _broken)
        remove(world)
    world.drop(KEY, images.jpeg(seed=2))
    order: list[str] = []
    note(monkeypatch, order, Queues, "send")
    note(monkeypatch, order, Ledger, "claim")
    world.send(world.event(KEY))

    (result,) = world.consume(seconds=80)

    assert result.outcome is Outcome.MADE
    assert order == ["claim", "send"]


def note(patch: pytest.MonkeyPatch, order: list[str], owner: type, name: str) -> None:
    method = getattr(owner, name)

    def noted(*arguments: Any, **named: Any) -> object:  # noqa: ANN401 - as the method has them
        order.append(name)
        return method(*arguments, **named)

    patch.setattr(owner, name, noted)


def test_a_rejection_whose_purge_failed_comes_back_before_it_is_a_dead_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    world.drop(KEY, images.truncated_jpeg())
    with monkeypatch.context() as patch:
        patch.setattr(Queues, "send_delayed", _broken)
        outcome = world.process(KEY)

    assert isinstance(outcome, Failure)
    assert not outcome.is_permanent
    assert world.dead_letters() == []


@pytest.mark.parametrize("step", ["send", "send_delayed", "clear_purge_due"])
def test_a_crash_before_the_purge_is_made_up_for_by_whoever_reads_the_entry_next(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(world)
    owner = Ledger if step == "clear_purge_due" else Queues
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, _crash)
        with pytest.raises(KeyboardInterrupt):
            remove(world)
    sent(world)

    world.drop(KEY, images.jpeg(seed=3))
    outcome = world.process(KEY)

    assert outcome is Outcome.MADE
    assert sent(world) == [KEY]
    assert "purge_due" not in world.item(KEY)


def test_a_purge_that_is_too_late_to_be_useful_is_only_forgotten(world: World) -> None:
    publish(world)
    remove(world)
    sent(world)
    due = {":due": {"N": str(world.context.clock.now() - 901)}}
    world.clients.dynamodb.update_item(
        TableName="ledger",
        Key={"key": {"S": KEY}},
        UpdateExpression="SET purge_due = :due",
        ExpressionAttributeValues=due,
    )

    world.process(KEY)

    assert sent(world) == []
    assert "purge_due" not in world.item(KEY)


def test_without_a_purge_queue_nothing_is_sent_and_nothing_stays_due(
    make_world: Callable[..., World], queue: str
) -> None:
    world = make_world()
    publish(world)

    assert remove(world) is Outcome.REMOVED

    assert sent(world) == []
    assert "purge_due" not in world.item(KEY)


def test_a_purge_that_is_due_is_forgotten_where_the_queue_was_removed_since(
    world: World, make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    with monkeypatch.context() as patch:
        patch.setattr(Queues, "send", _broken)
        remove(world)
    assert "purge_due" in world.item(KEY)

    make_world().process(KEY)

    assert "purge_due" not in world.item(KEY)
    assert sent(world) == []


def test_a_duplicate_event_purges_nothing_again(world: World) -> None:
    publish(world)
    remove(world)
    sent(world)

    assert world.process(KEY) is Outcome.ABSENT

    assert sent(world) == []


@pytest.mark.parametrize("key", ["plain.jpg", KEYS["emoji"], KEYS["percent"], KEYS["quotes"]])
def test_any_key_arrives_as_it_is(world: World, key: str) -> None:
    world.drop(key, images.jpeg(seed=1))
    world.send(backfill.write(SOURCES, [key]))
    world.consume()
    world.clients.s3.delete_object(Bucket=SOURCES, Key=key)
    world.send(backfill.write(SOURCES, [key]))
    world.consume()

    assert sent(world) == [key]
