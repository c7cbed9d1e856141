"""Watermarks: fetched from the sources bucket, part of what variants were made from."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import pytest
from PIL import Image

from shared.cloud.objects import MAX_WATERMARK_BYTES
from shared.deadline import Deadline
from shared.imaging import child_handle
from shared.imaging.child_protocol import Job, write_job
from shared.model.errors import Cause, Failure, OutOfTime, Transient
from shared.model.keys import variant_key
from shared.model.outcome import Outcome
from shared.model.recipe import Slot
from tests.functional.conftest import SOURCES, VARIANTS, World
from tests.support import images
from tests.support.fakes import client_error

pytestmark = pytest.mark.functional

LOGO = "marks/logo.png"
RED, BLUE = (255, 0, 0), (0, 0, 255)
WATERMARKED = {
    "version": 1,
    "recipes": [
        {
            "name": "watermarked",
            "variants": [{"widths": [160], "formats": ["fallback"]}],
            "watermark": {"key": LOGO, "position": "centre", "scale": 0.5, "opacity": 1},
        }
    ],
}


def logo(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (100, 50), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(name="world")
def _world(make_world: Callable[..., World]) -> World:
    world = make_world(WATERMARKED)
    world.drop(LOGO, logo(RED))
    world.drop("a.jpg", images.jpeg())
    return world


def middle(world: World) -> object:
    """Return the colour in the middle of the stored variant."""
    key = variant_key("a.jpg", "w160", Slot.FALLBACK)
    data = world.clients.s3.get_object(Bucket=VARIANTS, Key=key)["Body"].read()
    return Image.open(io.BytesIO(data)).convert("RGB").getpixel((80, 60))


@contextmanager
def calls(world: World, operation: str) -> Iterator[list[dict[str, Any]]]:
    """Note the arguments of every call of a kind, such as `s3.GetObject`."""
    said: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_rest: object) -> None:
        said.append(dict(params))

    client = getattr(world.clients, operation.partition(".")[0])
    client.meta.events.register(f"provide-client-params.{operation}", note)
    yield said
    client.meta.events.unregister(f"provide-client-params.{operation}", note)


def test_the_watermark_is_on_the_variant(world: World) -> None:
    outcome = world.process("a.jpg")

    assert outcome is Outcome.MADE
    assert middle(world) == pytest.approx(RED, abs=12)


def test_a_second_delivery_claims_nothing_and_reads_no_watermark(world: World) -> None:
    world.process("a.jpg")

    with calls(world, "s3.GetObject") as said, calls(world, "dynamodb.UpdateItem") as written:
        outcome = world.process("a.jpg")

    assert written == []
    etag = world.clients.s3.head_object(Bucket=SOURCES, Key=LOGO)["ETag"]
    assert outcome is Outcome.CURRENT
    assert said == [{"Bucket": SOURCES, "Key": LOGO, "IfNoneMatch": etag}]


def test_another_watermark_under_the_same_key_renders_the_source_again(world: World) -> None:
    world.process("a.jpg")
    before, item = world.manifest("a.jpg"), world.item("a.jpg")
    world.drop(LOGO, logo(BLUE))

    outcomes = world.process("a.jpg"), world.process("a.jpg")

    head = world.stored()[variant_key("a.jpg", "w160", Slot.FALLBACK)]
    assert outcomes == (Outcome.MADE, Outcome.CURRENT)
    assert middle(world) == pytest.approx(BLUE, abs=12)
    assert world.manifest("a.jpg")["version"] != before["version"]
    assert world.item("a.jpg")["fingerprint"] != item["fingerprint"]
    assert head["Metadata"]["pixfleet-recipe"] == world.item("a.jpg")["fingerprint"]["S"]


def test_another_worker_uses_the_same_watermark(
    world: World, make_world: Callable[..., World]
) -> None:
    world.process("a.jpg")
    world.drop(LOGO, logo(BLUE))
    other = make_world(WATERMARKED)

    outcomes = other.process("a.jpg"), world.process("a.jpg")

    assert outcomes == (Outcome.MADE, Outcome.CURRENT)


def remove(world: World) -> None:
    world.clients.s3.delete_object(Bucket=SOURCES, Key=LOGO)


def spoil(world: World) -> None:
    world.drop(LOGO, b"not an image")


def cut(world: World) -> None:
    world.drop(LOGO, logo(RED)[:-30])


def swell(world: World) -> None:
    world.drop(LOGO, bytes(MAX_WATERMARK_BYTES + 1))


@pytest.mark.parametrize("ruin", [remove, spoil, cut, swell])
def test_an_invalid_watermark_deletes_nothing_and_is_tried_again(
    world: World, ruin: Callable[[World], None]
) -> None:
    world.process("a.jpg")
    before, item = world.stored(), world.item("a.jpg")
    ruin(world)

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Transient)
    assert (outcome.cause, outcome.stage) == (Cause.WATERMARK_UNUSABLE, "watermark")
    assert world.stored().keys() == before.keys()
    assert middle(world) == pytest.approx(RED, abs=12)
    assert world.item("a.jpg")["status"] == {"S": "published"}
    assert "claim_token" not in world.item("a.jpg")
    assert world.dead_letters() == []
    assert world.item("a.jpg")["version"] == item["version"]


@pytest.mark.parametrize("ruin", [remove, spoil, cut, swell])
def test_a_replaced_watermark_publishes_the_sources_that_waited(
    world: World, ruin: Callable[[World], None]
) -> None:
    ruin(world)
    waiting = world.process("a.jpg")
    world.drop(LOGO, logo(BLUE))

    outcome = world.process("a.jpg")

    assert isinstance(waiting, Failure)
    assert waiting.cause is Cause.WATERMARK_UNUSABLE
    assert outcome is Outcome.MADE
    assert middle(world) == pytest.approx(BLUE, abs=12)


def test_a_removal_needs_no_watermark(world: World) -> None:
    world.process("a.jpg")
    remove(world)
    world.clients.s3.delete_object(Bucket=SOURCES, Key="a.jpg")

    assert world.process("a.jpg") is Outcome.REMOVED
    assert world.stored_names("a.jpg") == set()


def test_a_watermark_without_permission_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_arguments: object) -> None:
        raise client_error("AccessDenied", 403)

    monkeypatch.setattr(world.clients.s3, "get_object", refuse)

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.WATERMARK_UNUSABLE
    assert LOGO in outcome.detail


def test_a_child_receives_no_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Job] = []

    def write(
        stream: IO[bytes], job: Job, source: bytes, watermark: bytes, *, nonce: bytes
    ) -> None:
        jobs.append(job)
        write_job(stream, job, source, watermark, nonce=nonce)

    monkeypatch.setattr(child_handle, "write_job", write)

    world.process("a.jpg")

    (job,) = jobs
    assert job.recipe.watermark is not None
    assert LOGO not in repr(job)


def test_no_watermark_is_read_that_could_arrive_too_late(world: World) -> None:
    (recipe,) = world.context.recipes.recipes
    soon = Deadline.after(1, world.context.clock)

    with calls(world, "s3.GetObject") as said, pytest.raises(OutOfTime):
        world.context.watermarks.resolve(recipe, world.context.objects.within(soon))

    assert said == []


def test_a_recipe_without_a_watermark_reads_none(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.drop("a.jpg", images.jpeg())

    with calls(world, "s3.GetObject") as said:
        world.process("a.jpg")
        world.process("a.jpg")

    assert [each["Key"] for each in said] == ["a.jpg"]
