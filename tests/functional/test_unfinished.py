from collections.abc import Iterator
from typing import IO, Any

import pytest
from msgspec import structs

from shared.imaging import child_handle
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Reply, VariantFrame, read_reply
from shared.model.errors import Cause, Failure, StorageUnavailable, TooCostly, WatermarkUnusable
from shared.model.outcome import Outcome
from tests.functional.conftest import SOURCES, TINY_NAMES, World
from tests.support import images
from worker.policy import CALL_LIMITS

pytestmark = pytest.mark.functional

FULL_SET = {*TINY_NAMES, "manifest.json"}


def test_what_a_crash_left_behind_goes_with_the_source(world: World) -> None:
    world.ledger.claim("a.jpg", lease_seconds=-1, may_store=("w32.webp", "w64.webp"))
    world.drop("a.jpg", images.jpeg())
    world.process("a.jpg")
    world.clients.dynamodb.update_item(
        TableName="ledger",
        Key={"key": {"S": "a.jpg"}},
        UpdateExpression="REMOVE variants SET may_store = :names",
        ExpressionAttributeValues={":names": {"SS": ["w32.webp", "w64.fallback", "w64.webp"]}},
    )
    world.clients.s3.delete_object(Bucket=SOURCES, Key="a.jpg")

    outcome = world.process("a.jpg")

    assert outcome is Outcome.REMOVED
    assert world.stored() == {}


def test_a_live_lease_is_waited_for(world: World) -> None:
    world.ledger.claim("a.jpg", lease_seconds=600, may_store=("w32.webp",))
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.CLAIMED
    assert world.stored() == {}


def test_a_lease_that_ran_out_is_taken_over(world: World) -> None:
    world.ledger.claim("a.jpg", lease_seconds=-1, may_store=("w32.webp",))
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert outcome is Outcome.MADE


def test_what_a_permanent_failure_had_stored_already_is_taken_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RenderChild.render

    def fails_late(self: RenderChild, *arguments: Any, **options: Any) -> Iterator[object]:  # noqa: ANN401 - passed through
        yield next(iter(real(self, *arguments, **options)))
        raise TooCostly("Only now.", stage="render")

    monkeypatch.setattr(RenderChild, "render", fails_late)
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.TOO_COSTLY
    assert world.stored() == {}


def test_a_failed_attempt_at_another_version_does_not_count_as_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.drop("a.jpg", images.jpeg(seed=1))
    world.process("a.jpg")
    world.drop("a.jpg", images.jpeg(seed=2))
    with monkeypatch.context() as broken:
        broken.setattr(world.context.objects, "put_manifest", refuse)
        world.process("a.jpg")
    world.drop("a.jpg", images.jpeg(seed=1))

    outcome = world.process("a.jpg")

    etag = world.item("a.jpg")["etag"]["S"]
    stored = world.stored()
    assert outcome is Outcome.MADE
    assert {head["Metadata"]["pixfleet-source-etag"] for head in stored.values()} == {etag}


def refuse(*_arguments: object, **_options: object) -> None:
    raise WatermarkUnusable("said S3", stage="put")  # after which no write can be under way


def test_a_put_whose_answer_was_lost_keeps_others_away_for_as_long_as_a_call_may_take(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_arguments: object, **_options: object) -> None:
        raise StorageUnavailable("no answer", stage="put")

    monkeypatch.setattr(world.context.objects, "put_variant", lost)
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.STORAGE_UNAVAILABLE
    left_seconds = float(world.item("a.jpg")["lease_until"]["N"]) - world.context.clock.now()
    assert 0 < left_seconds <= CALL_LIMITS.call_seconds


def test_a_key_too_long_for_its_manifest_is_rejected_and_its_claim_ended(world: World) -> None:
    key = "k" * 1010
    world.drop(key, images.jpeg())

    world.process(key)

    assert world.item(key)["status"] == {"S": "rejected"}
    assert "claim_token" not in world.item(key)


def test_an_unexpected_variant_of_a_child_is_not_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(stream: IO[bytes], **options: Any) -> tuple[Reply, bytes]:  # noqa: ANN401 - passed through
        reply, payload = read_reply(stream, **options)
        if isinstance(reply, VariantFrame):
            reply = structs.replace(reply, variants=("../../evil",))
        return reply, payload

    monkeypatch.setattr(child_handle, "read_reply", lying)
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.DECODER_CRASH
    assert world.stored() == {}


def test_a_child_that_lies_at_the_end_leaves_nothing_of_its_image(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variants were stored before its lie; the second lie is permanent and deletes them."""

    def lying(stream: IO[bytes], **options: Any) -> tuple[Reply, bytes]:  # noqa: ANN401 - passed through
        reply, payload = read_reply(stream, **options)
        if isinstance(reply, DoneFrame):
            reply = structs.replace(reply, cpu_seconds=1e9)
        return reply, payload

    monkeypatch.setattr(child_handle, "read_reply", lying)
    world.drop("a.jpg", images.jpeg())

    first = world.process("a.jpg")
    after_first = world.stored()
    second = world.process("a.jpg")

    assert [isinstance(each, Failure) and each.cause for each in (first, second)] == [
        Cause.DECODER_CRASH,
        Cause.DECODER_CRASH,
    ]
    assert "manifest.json" not in str(after_first)
    assert world.stored() == {}
    assert world.item("a.jpg")["status"] == {"S": "rejected"}
