"""A source's own focal point, in its user metadata."""

from collections.abc import Callable

import pytest

from shared.model.errors import Cause, Failure
from shared.model.keys import variant_key
from shared.model.outcome import Outcome
from shared.model.recipe import Slot
from tests.functional.conftest import SOURCES, VARIANTS, World
from tests.support import images

pytestmark = pytest.mark.functional

SQUARE = {
    "version": 1,
    "recipes": [
        {
            "name": "square",
            "variants": [
                {
                    "name": "sq",
                    "width": 40,
                    "height": 40,
                    "fit": "cover",
                    "gravity": "focal",
                    "formats": ["webp"],
                }
            ],
        }
    ],
}


@pytest.fixture(name="world")
def _world(make_world: Callable[..., World]) -> World:
    return make_world(SQUARE)


def shown(world: World) -> bytes:
    key = variant_key("a.jpg", "sq", Slot.WEBP)
    return world.clients.s3.get_object(Bucket=VARIANTS, Key=key)["Body"].read()


def point(world: World, focal: str) -> None:
    """Change the metadata of a source and nothing else: its ETag stays the same."""
    world.clients.s3.copy_object(
        Bucket=SOURCES,
        Key="a.jpg",
        CopySource={"Bucket": SOURCES, "Key": "a.jpg"},
        Metadata={"focal": focal},
        MetadataDirective="REPLACE",
    )


def test_a_new_focal_point_alone_renders_the_source_again(world: World) -> None:
    world.drop("a.jpg", images.jpeg((160, 40)), {"focal": "0.1,0.5"})
    world.process("a.jpg")
    before, etag, version = shown(world), world.item("a.jpg")["etag"], world.manifest("a.jpg")
    point(world, "0.9,0.5")

    outcomes = world.process("a.jpg"), world.process("a.jpg")

    assert outcomes == (Outcome.MADE, Outcome.CURRENT)
    assert shown(world) != before
    assert world.item("a.jpg")["etag"] == etag
    assert world.manifest("a.jpg")["version"] != version["version"]


@pytest.mark.parametrize("focal", ["face", "0.5", "2,2"])
def test_an_invalid_focal_point_is_refused_with_its_cause(world: World, focal: str) -> None:
    world.drop("a.jpg", images.jpeg(), {"focal": focal})

    outcome = world.process("a.jpg")

    (dead_letter,) = world.dead_letters()
    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.BAD_FOCAL
    assert world.item("a.jpg")["status"] == {"S": "rejected"}
    assert dead_letter["MessageAttributes"]["cause"]["StringValue"] == "bad_focal"
    assert focal in dead_letter["MessageAttributes"]["detail"]["StringValue"]


def test_a_mended_focal_point_publishes_the_source(world: World) -> None:
    world.drop("a.jpg", images.jpeg(), {"focal": "middle"})
    world.process("a.jpg")
    point(world, "0.5,0.5")

    assert world.process("a.jpg") is Outcome.MADE
    assert world.stored_names("a.jpg") == {"sq.webp", "manifest.json"}
