"""`pixfleet why`: the sentence for each state of a key."""

from collections.abc import Callable

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.clock import SystemClock
from shared.cloud.entries import facts_of
from shared.cloud.items import from_item
from shared.cloud.ledger import Ledger
from shared.events import backfill
from shared.model.errors import Corrupt, TooCostly
from shared.model.keys import stored_key
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.refusals import refused
from tests.support.fakes import unbounded_calls
from tests.support.images import animated_gif, jpeg, png
from tests.support.lazy_variants import claimed_to_serve, store_lazily

pytestmark = pytest.mark.functional

PICTURE = jpeg((80, 60))
Drop = Callable[..., None]


@pytest.fixture(name="drop")
def _drop(stack: LocalStack, clients: Clients, run_worker: Callable[..., None]) -> Drop:
    """Return a function that uploads a source and runs the worker."""

    def drop(key: str, data: bytes = PICTURE, **metadata: str) -> None:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data, Metadata=metadata)
        run_worker()

    return drop


def send_message_about(stack: LocalStack, clients: Clients, key: str) -> None:
    """Send a message about a key: moto sends no events of removals."""
    url = clients.sqs.get_queue_url(QueueName=stack.live_queue)["QueueUrl"]
    body = backfill.write(stack.sources_bucket, [key])
    clients.sqs.send_message(QueueUrl=url, MessageBody=body)


def ledger_of(stack: LocalStack, clients: Clients) -> Ledger:
    clock = SystemClock()
    return Ledger(clients.dynamodb, unbounded_calls(clock), stack.ledger_table, clock)


def test_a_published_image_is_shown_with_versions_ledger_and_objects(
    pixfleet: RunCommand, drop: Drop
) -> None:
    drop("été/cat (1).jpg")
    drop("été/cat (1).jpg", jpeg((90, 60)))

    answer = pixfleet("why", "été/cat (1).jpg")
    document = pixfleet("why", "été/cat (1).jpg", "--json").document

    assert answer.code == 0
    assert "It is published: 3 variants" in answer.out
    assert "pixfleet urls 'été/cat (1).jpg'" in answer.out
    assert len(document["versions"]) == 2
    assert document["ledger"]["change"] == "replaced"
    assert document["ledger"]["deaths"] == 0
    assert {each["name"] for each in document["stored"]} == {
        "manifest.json",
        "w32.webp",
        "w64.webp",
        "w64.fallback",
    }


def test_what_the_limits_took_from_an_image_is_reported(pixfleet: RunCommand, drop: Drop) -> None:
    drop("moving.gif", animated_gif((8, 6), frames=301))
    drop("long.png", png((2, 20_000)))

    moving, long = pixfleet("why", "moving.gif"), pixfleet("why", "long.png")
    documents = [pixfleet("why", key, "--json").document for key in ("moving.gif", "long.png")]

    assert "Only the first of its 301 frames is rendered: it has too many frames." in moving.out
    assert "so they hold a plainer one: w32.webp, w64.webp." in long.out
    assert long.out.count("(side limit)") == 2
    assert [each["still"] for each in documents] == ["frames", None]
    assert documents[1]["limits"] == {"w32.webp": "side", "w64.webp": "side"}


def test_a_rejected_image_is_shown_with_the_advice_of_the_runbook(
    pixfleet: RunCommand, drop: Drop
) -> None:
    drop("bad.jpg", b"no image")

    answer = pixfleet("why", "bad.jpg")

    assert answer.code == 3
    assert "not_an_image" in answer.out
    assert "Expected an image, got a text file." in answer.out
    assert "inform the owner" in answer.out
    assert "A redrive cannot help. Fixed by: owner." in answer.out
    assert "pixfleet dlq try --prefix bad.jpg" in answer.out
    assert "dlq redrive" not in answer.out


def test_a_rejected_image_that_replaced_a_good_one_can_be_put_back(
    pixfleet: RunCommand, drop: Drop
) -> None:
    drop("bad.jpg", b"no image")
    before = pixfleet("why", "bad.jpg")
    drop("cat.jpg")
    drop("cat.jpg", b"no image")

    answer = pixfleet("why", "cat.jpg")

    assert "restore" not in before.out
    assert "An earlier version of the source can be put back." in answer.out
    assert "pixfleet restore --dry-run cat.jpg" in answer.out


def test_a_deleted_image_without_a_ledger_entry_can_be_put_back(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="old.jpg", Body=b"any")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="old.jpg")

    answer = pixfleet("why", "old.jpg")

    assert answer.code == 0
    assert "pixfleet restore --dry-run old.jpg" in answer.out


def test_an_unknown_key_is_answered_with_keys_of_the_same_folder(
    pixfleet: RunCommand, drop: Drop
) -> None:
    drop("cats/tabby.jpg")

    answer = pixfleet("why", "cats/Tabby.jpg")

    assert answer.code == 3
    assert "This key is unknown" in answer.out
    assert "cats/tabby.jpg" in answer.err


def test_a_deleted_image_is_shown_with_its_versions(
    pixfleet: RunCommand,
    drop: Drop,
    stack: LocalStack,
    clients: Clients,
    run_worker: Callable[..., None],
) -> None:
    drop("cat.jpg")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="cat.jpg")
    before = pixfleet("why", "cat.jpg")
    send_message_about(stack, clients, "cat.jpg")
    run_worker()

    answer = pixfleet("why", "cat.jpg")

    assert before.code == 3
    assert "its variants or its ledger entry are still there" in before.out
    assert answer.code == 0
    assert "The source was deleted, and its variants with it" in answer.out
    assert "deleted, now" in answer.out


def test_a_key_without_a_matching_recipe_is_reported(pixfleet: RunCommand, drop: Drop) -> None:
    drop("folder/", b"")

    answer = pixfleet("why", "folder/")

    assert answer.code == 3
    assert "No recipe matches this key" in answer.out


def test_an_unprocessed_source_is_reported(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="new.jpg", Body=PICTURE)

    answer = pixfleet("why", "new.jpg")

    assert answer.code == 3
    assert "not made yet" in answer.out


def test_a_claimed_key_is_reported_as_being_processed(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    ledger = Ledger(clients.dynamodb, unbounded_calls(), stack.ledger_table, SystemClock())
    ledger.claim("new.jpg", lease_seconds=100, may_store=["w32.webp"])

    answer = pixfleet("why", "new.jpg")

    assert answer.code == 0
    assert "A worker is processing it" in answer.out


def test_a_variant_that_is_not_stored_is_shown_as_missing(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    drop("cat.jpg")
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("cat.jpg", "w32.webp"))

    answer = pixfleet("why", "cat.jpg")

    assert answer.code == 3
    assert "The ledger lists objects that are not in the bucket." in answer.out
    assert "w32.webp" in answer.out
    assert "MISSING" in answer.out


def test_control_characters_and_markup_in_a_key_are_escaped(
    pixfleet: RunCommand, drop: Drop
) -> None:
    answer = pixfleet("why", "[red]\x1b[2Jx;`id`.jpg")

    assert answer.code == 3
    assert "\x1b[2J" not in answer.out
    assert "[red]" in answer.out


def test_what_requests_have_added_is_shown_apart(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    drop("cat.jpg")
    ledger = ledger_of(stack, clients)
    names = ("w32.avif", "w64.avif")
    store_lazily(ledger, clients.s3, stack.variants_bucket, "cat.jpg", *names)
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("cat.jpg", names[0]))

    answer = pixfleet("why", "cat.jpg")
    document = pixfleet("why", "cat.jpg", "--json").document

    assert answer.code == 0
    assert "It is published: 3 variants" in answer.out
    assert "Requests have added 1 variant: w64.avif." in answer.out
    assert document["ledger"]["lazy"] == list(names)
    assert sorted(document["ledger"]["stored"]) == ["w32.webp", "w64.fallback", "w64.webp"]


def test_a_renderer_at_work_is_no_work_in_progress(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    drop("cat.jpg")
    ledger = ledger_of(stack, clients)
    claimed_to_serve(ledger, "cat.jpg", "w32.avif")

    answer = pixfleet("why", "cat.jpg")

    assert "It is published: 3 variants" in answer.out
    assert "A renderer is storing a lazy variant of it." in answer.out


def test_copies_and_what_was_made_in_full_are_shown(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    drop("cat.jpg")
    key = {"key": {"S": "cat.jpg"}}
    item = clients.dynamodb.get_item(TableName=stack.ledger_table, Key=key)["Item"]
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key=key,
        UpdateExpression="SET #equal = :equal, is_all_eager = :yes, facts_of = :of",
        ExpressionAttributeNames={"#equal": "equal"},
        ExpressionAttributeValues={
            ":equal": {"M": {"w32.webp": {"SS": ["w96.webp"]}}},
            ":yes": {"BOOL": True},
            ":of": {"S": facts_of(from_item(item))},
        },
    )
    ledger = ledger_of(stack, clients)
    store_lazily(ledger, clients.s3, stack.variants_bucket, "cat.jpg", "w96.webp")

    answer = pixfleet("why", "cat.jpg")

    assert "1 name shares the bytes of another" in answer.out
    assert "Its lazy variants were made at upload" in answer.out
    assert "copy of" in answer.out


@pytest.mark.parametrize("outcome", ["removed", "rejected"])
def test_a_purge_that_was_not_sent_is_shown(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients, outcome: str
) -> None:
    """The worker stopped before it could send the purge."""
    drop("cat.jpg", b"no image" if outcome == "rejected" else PICTURE)
    ledger = ledger_of(stack, clients)
    claim = ledger.claim("cat.jpg", lease_seconds=60, may_store=["w32.webp"])
    if outcome == "removed":
        clients.s3.delete_object(Bucket=stack.sources_bucket, Key="cat.jpg")
        names = ("manifest.json", *claim.may_exist)
        keys = [{"Key": stored_key("cat.jpg", name)} for name in names]
        clients.s3.delete_objects(Bucket=stack.variants_bucket, Delete={"Objects": keys})  # type: ignore[typeddict-item]
        ledger.tombstone(claim, {}, purges=True)
    else:
        kept = ("etag", "identity", "last_modified", "recipe", "fingerprint", "engine")
        facts = {name: getattr(claim.entry, name) for name in kept}
        ledger.reject(claim, Corrupt("bad", stage="render"), facts, purges=True)

    answer = pixfleet("why", "cat.jpg")

    assert "CloudFront has to be purged of it since" in answer.out


@pytest.mark.parametrize(
    ("operations", "unread", "shown"),
    [
        pytest.param(
            ("BatchGetItem", "GetItem"),
            "ledger entry. AWS throttles",
            "Its state is unknown, because this could not be read: ledger entry.",
            id="the ledger",
        ),
        pytest.param(
            ("ListObjectVersions", "HeadObject", "ListObjectsV2"),
            "source. AWS throttles",
            "The ledger says published at",
            id="the buckets",
        ),
    ],
)
def test_what_a_service_refuses_is_named_and_the_rest_is_shown(
    operations: tuple[str, ...],
    unread: str,
    shown: str,
    pixfleet: RunCommand,
    drop: Drop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop("cat.jpg")

    with refused(monkeypatch, "ThrottlingException", *operations):
        answer, document = (
            pixfleet("why", "cat.jpg"),
            pixfleet("why", "cat.jpg", "--json").document,
        )

    assert answer.code == 1, answer
    assert f"Not read: {unread}" in answer.out
    assert shown in answer.out
    assert "Next:" in answer.out
    assert document["verdict"] is None
    assert document["missing"][0]["means"]


def test_if_everything_is_refused_there_is_only_the_reason(
    pixfleet: RunCommand, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = ("BatchGetItem", "GetItem", "GetObject", "HeadObject", "ListObjectVersions")
    drop("cat.jpg")

    with refused(monkeypatch, "AccessDenied", *everything, "ListObjectsV2"):
        answer = pixfleet("why", "cat.jpg")

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("You may not ")


def test_a_forwarded_source_waits_for_a_larger_lane_and_its_version_before_stays(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    drop("wide.jpg")
    clients.s3.put_object(
        Bucket=stack.sources_bucket, Key="wide.jpg", Body=jpeg((90, 60)), Metadata={}
    )
    ledger = ledger_of(stack, clients)
    claim = ledger.claim("wide.jpg", lease_seconds=60, may_store=("w32.webp",))
    why = TooCostly("Expected at most 1000 MB of memory, got 1700 MB for avif.", stage="admit")
    ledger.hand_over(claim, lane="large", why=why, has_stored=False)

    answer = pixfleet("why", "wide.jpg")

    assert answer.code == 0
    assert "It was forwarded to the lane large" in answer.out
    assert "got 1700 MB for avif" in answer.out
    assert "The version before it stays published until then." in answer.out


def test_a_source_that_came_from_a_smaller_lane_says_so(
    pixfleet: RunCommand, drop: Drop, stack: LocalStack, clients: Clients
) -> None:
    ledger = ledger_of(stack, clients)
    drop("wide.jpg")
    published = ledger.read("wide.jpg")
    claim = ledger.claim("wide.jpg", lease_seconds=60, may_store=("w32.webp",), entry=published)
    names = ("etag", "identity", "last_modified", "recipe", "fingerprint", "engine", "version")
    facts = {name: getattr(published, name) for name in names}
    variants = sorted(published.stored)
    ledger.commit(claim, {**facts, "variants": variants, "forwarded_from": "live"})

    answer = pixfleet("why", "wide.jpg")

    assert "It is published" in answer.out
    assert "The lane live could not render it and forwarded it." in answer.out
