"""Subscribers hear of each change once it is in the ledger, and again if nobody can be sure."""

from dataclasses import replace
from typing import TYPE_CHECKING, Self, cast

import pytest

from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.completion import Completion
from shared.model.errors import Cause, Failure, StorageUnavailable
from shared.model.outcome import Outcome
from shared.model.recipe_reader import read_recipes
from tests.functional.conftest import SOURCES, World
from tests.support import images
from worker.batch import Consumer

if TYPE_CHECKING:
    from shared.cloud.topics import Topic

pytestmark = pytest.mark.functional

KEY = "a.jpg"
RECIPES_OF_ANOTHER_PREFIX = {
    "version": 1,
    "recipes": [
        {
            "name": "elsewhere",
            "match": {"prefix": "elsewhere/"},
            "variants": [{"widths": [32], "formats": ["webp"]}],
        }
    ],
}


class Heard:
    """A topic that keeps what it is told, or fails."""

    def __init__(self) -> None:
        self.trouble: Failure | None = None
        self.completions: list[Completion] = []

    def within(self, _deadline: Deadline) -> Self:
        return self

    def publish(self, completion: Completion) -> None:
        if self.trouble:
            raise self.trouble
        self.completions.append(completion)

    @property
    def events(self) -> list[str]:
        return [completion.event.value for completion in self.completions]


@pytest.fixture(name="topic")
def _topic(world: World) -> Heard:
    heard = Heard()
    world.context = replace(world.context, topic=cast("Topic", heard))
    world.consumer = Consumer(world.context)
    return heard


def again(world: World, *, receives: int = 2) -> Message:
    """Return the message of the last change as it comes back."""
    (message_id,) = world.item(KEY)["told_by"]["SS"]
    return Message(message_id, "no-handle", world.event(KEY), receives, "p-live", None)


def test_every_change_of_a_source_is_announced(world: World, topic: Heard) -> None:
    world.drop(KEY, images.jpeg(seed=1))
    world.process(KEY)
    world.drop(KEY, images.jpeg(seed=2))
    world.process(KEY)
    world.drop(KEY, images.truncated_jpeg())
    world.process(KEY)
    world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
    world.process(KEY)

    assert topic.events == ["complete", "replaced", "rejected", "removed"]


def test_a_complete_set_is_described(world: World, topic: Heard) -> None:
    world.drop(KEY, images.jpeg())

    world.process(KEY)

    (completion,) = topic.completions
    manifest = world.manifest(KEY)
    assert (completion.bucket, completion.key) == (SOURCES, KEY)
    assert completion.version == manifest["version"]
    assert completion.variants == len(manifest["variants"])
    assert completion.variant_bytes == sum(each["bytes"] for each in manifest["variants"])
    assert completion.manifest in world.stored()


def test_a_rejection_announces_its_cause(world: World, topic: Heard) -> None:
    world.drop(KEY, b"not an image")

    world.process(KEY)

    (completion,) = topic.completions
    assert completion.cause is Cause.NOT_AN_IMAGE
    assert completion.version is None


def test_a_rejection_is_announced_though_no_recipe_matches_its_key_any_more(
    world: World, topic: Heard
) -> None:
    topic.trouble = StorageUnavailable("The topic is unavailable.")
    world.drop(KEY, b"not an image")
    world.process(KEY)
    topic.trouble = None
    world.context = replace(world.context, recipes=read_recipes(RECIPES_OF_ANOTHER_PREFIX))
    world.consumer = Consumer(world.context)

    (result,) = world.consumer.consume([again(world)], world.deadline())

    assert result.outcome is Outcome.IGNORED
    (completion,) = topic.completions
    assert completion.cause is Cause.NOT_AN_IMAGE


def test_a_rejection_ends_with_its_source_even_if_its_recipe_is_gone(
    world: World, topic: Heard
) -> None:
    world.drop(KEY, b"not an image")
    world.process(KEY)
    world.context = replace(world.context, recipes=read_recipes(RECIPES_OF_ANOTHER_PREFIX))
    world.consumer = Consumer(world.context)
    world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    assert world.process(KEY) is Outcome.REMOVED
    assert world.item(KEY)["status"] == {"S": "removed"}
    assert topic.events == ["rejected", "removed"]


def test_a_duplicate_is_not_announced(world: World, topic: Heard) -> None:
    world.drop(KEY, images.jpeg())
    world.process(KEY)

    assert world.process(KEY) is Outcome.CURRENT
    assert topic.events == ["complete"]


@pytest.mark.parametrize("change", ["complete", "replaced", "removed"])
def test_the_message_of_a_change_announces_it_again(
    world: World, topic: Heard, change: str
) -> None:
    """Its worker may have died between the ledger and the topic; the id lets a reader drop it."""
    world.drop(KEY, images.jpeg(seed=1))
    world.process(KEY)
    if change == "replaced":
        world.drop(KEY, images.jpeg(seed=2))
        world.process(KEY)
    if change == "removed":
        world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
        world.process(KEY)

    world.consumer.consume((again(world),), world.deadline())

    assert topic.events[-2:] == [change, change]
    assert topic.completions[-1] == topic.completions[-2]


@pytest.mark.parametrize("data", [images.jpeg(), b"not an image"], ids=["good", "bad"])
def test_a_change_that_could_not_be_announced_is_announced_later(
    world: World, topic: Heard, data: bytes
) -> None:
    world.drop(KEY, data)
    topic.trouble = StorageUnavailable("no answer", stage="announce")
    outcome = world.process(KEY)
    topic.trouble = None

    (result,) = world.consumer.consume((again(world),), world.deadline())

    assert isinstance(outcome, StorageUnavailable)
    assert result.is_acknowledged
    assert len(topic.events) == 1
