"""`pixfleet why`: each way a key can be, told in a sentence."""

from collections.abc import Callable

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.events import backfill
from shared.model.keys import stored_key
from tests.functional.cli.conftest import Type
from tests.support.images import jpeg

pytestmark = pytest.mark.functional

PICTURE = jpeg((80, 60))
Drop = Callable[..., None]


@pytest.fixture(name="drop")
def _drop(stack: LocalStack, clients: Clients, work_off: Callable[..., None]) -> Drop:
    """Give what drops a source and has it made."""

    def drop(key: str, data: bytes = PICTURE, **metadata: str) -> None:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data, Metadata=metadata)
        work_off()

    return drop


def test_a_published_image_is_told_whole(type_: Type, drop: Drop) -> None:
    drop("été/cat (1).jpg")
    drop("été/cat (1).jpg", jpeg((90, 60)))

    told = type_("why", "été/cat (1).jpg")
    document = type_("why", "été/cat (1).jpg", "--json").document

    assert told.code == 0
    assert "It is published: 3 variants" in told.out
    assert "pixfleet urls 'été/cat (1).jpg'" in told.out
    assert len(document["versions"]) == 2
    assert document["ledger"]["change"] == "replaced"
    assert {each["name"] for each in document["stored"]} == {
        "manifest.json",
        "w32.webp",
        "w64.webp",
        "w64.fallback",
    }


def test_a_rejected_image_is_told_with_what_the_runbook_says(type_: Type, drop: Drop) -> None:
    drop("bad.jpg", b"no image")

    told = type_("why", "bad.jpg")

    assert told.code == 3
    assert "not_an_image" in told.out
    assert "no image format begins with these bytes" in told.out
    assert "pixfleet dlq try --cause not_an_image" in told.out


def test_a_key_that_was_never_seen_is_told_with_those_nearby(type_: Type, drop: Drop) -> None:
    drop("cats/tabby.jpg")

    told = type_("why", "cats/Tabby.jpg")

    assert told.code == 3
    assert "Nothing of this key was ever seen" in told.out
    assert "cats/tabby.jpg" in told.err


def test_a_deleted_image_is_told_with_its_versions(
    type_: Type, drop: Drop, stack: LocalStack, clients: Clients, work_off: Callable[..., None]
) -> None:
    drop("cat.jpg")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="cat.jpg")
    before = type_("why", "cat.jpg")
    # moto tells of no removals.
    url = clients.sqs.get_queue_url(QueueName=stack.live_queue)["QueueUrl"]
    body = backfill.write(stack.sources_bucket, ["cat.jpg"])
    clients.sqs.send_message(QueueUrl=url, MessageBody=body)
    work_off()

    told = type_("why", "cat.jpg")

    assert before.code == 3
    assert "something of it is still there" in before.out
    assert told.code == 0
    assert "The source was deleted, and its variants with it" in told.out
    assert "deleted, now" in told.out


def test_a_key_that_no_recipe_is_for_is_told_so(type_: Type, drop: Drop) -> None:
    drop("folder/", b"")

    told = type_("why", "folder/")

    assert told.code == 3
    assert "No recipe is for this key" in told.out


def test_a_key_that_waits_is_told_how_long(
    type_: Type, stack: LocalStack, clients: Clients
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="new.jpg", Body=PICTURE)

    told = type_("why", "new.jpg")

    assert told.code == 3
    assert "not made yet" in told.out


def test_a_claimed_key_is_told_to_be_worked_on(
    type_: Type, stack: LocalStack, clients: Clients
) -> None:
    ledger = Ledger(clients.dynamodb, stack.ledger_table, SystemClock())
    ledger.claim("new.jpg", lease_seconds=100, may_store=["w32.webp"])

    told = type_("why", "new.jpg")

    assert told.code == 0
    assert "Somebody is at work on it" in told.out


def test_a_variant_that_is_not_stored_is_shown_missing(
    type_: Type, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    drop("cat.jpg")
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("cat.jpg", "w32.webp"))

    told = type_("why", "cat.jpg")

    assert told.code == 3
    assert "The ledger lists objects that are not in the bucket." in told.out
    assert "w32.webp" in told.out
    assert "MISSING" in told.out


def test_hostile_keys_move_no_cursor_and_break_no_table(type_: Type, drop: Drop) -> None:
    told = type_("why", "[red]\x1b[2Jx;`id`.jpg")

    assert told.code == 3
    assert "\x1b[2J" not in told.out
    assert "[red]" in told.out
