"""The worker's own adapters: the same behaviour on every engine."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import ANY

import pytest

from scripts.local.stack import STATUS_INDEX
from shared.cloud.claims import Claim
from shared.cloud.entries import by_stored_name
from shared.cloud.errors import Missing
from shared.cloud.items import Value
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects, WatermarkFile
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving
from shared.cloud.serving_claims import ServingClaims
from shared.cloud.status_index import StatusIndex
from shared.model.codec import Codec
from shared.model.entry import Entry
from shared.model.errors import Claimed, ClaimLost, Corrupt, SourceChanged
from shared.model.keys import manifest_key, stored_key, variant_key
from shared.model.recipe import Slot
from shared.model.source import Overrides, Source
from tests.contracts.engines import Engine
from tests.support.fakes import AMPLE, unbounded_calls

KEY = "photos/a b+c%20é.jpg"
NAMES = ["w32.webp", "w64.webp"]
PUBLISHED: dict[str, Value] = {"identity": "etag", "fingerprint": "f00d", "variants": NAMES}


@pytest.fixture(name="ledger")
def _ledger(engine: Engine) -> Ledger:
    return Ledger(engine.dynamodb, unbounded_calls(), engine.table(), engine.clock)


@pytest.fixture(name="sources")
def _sources(engine: Engine) -> str:
    return engine.bucket()


@pytest.fixture(name="objects")
def _objects(engine: Engine, sources: str) -> Objects:
    return Objects(
        engine.s3, unbounded_calls(), sources_bucket=sources, variants_bucket=engine.bucket()
    )


@pytest.fixture(name="serving")
def _serving(engine: Engine) -> Serving:
    return Serving(engine.dynamodb, unbounded_calls(), engine.serving_table(), engine.clock)


@pytest.fixture(name="queues")
def _queues(engine: Engine) -> Queues:
    return Queues(engine.sqs, unbounded_calls())


def name_of(queue: str) -> str:
    return queue.rpartition("/")[2]


def seen(objects: Objects) -> Source:
    source = objects.head(KEY)
    assert source is not None
    return source


def test_the_newest_of_a_status_are_found_by_the_index(engine: Engine) -> None:
    table = engine.table()
    ledger = Ledger(engine.dynamodb, unbounded_calls(), table, engine.clock)
    keys = [f"photos/{number}.jpg" for number in range(40)]
    for key in keys:
        engine.clock.at += 1
        ledger.commit(ledger.claim(key, lease_seconds=60, may_store=NAMES), PUBLISHED)

    index = StatusIndex(engine.dynamodb, unbounded_calls(), table, STATUS_INDEX)

    assert [each.key for each in index.newest("published", most=25)] == keys[:-26:-1]
    assert index.newest("rejected", most=25) == []


def test_one_claim_at_a_time(ledger: Ledger, engine: Engine) -> None:
    ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    engine.clock.at += 20

    with pytest.raises(Claimed) as caught:
        ledger.claim(KEY, lease_seconds=60, may_store=NAMES)

    # The refusal carries the item, which has the end of the lease.
    assert caught.value.retry_after_seconds == 40


def test_a_commit_ends_the_claim_and_is_read_back(ledger: Ledger) -> None:
    ledger.commit(ledger.claim(KEY, lease_seconds=60, may_store=NAMES), PUBLISHED)

    entry = ledger.read(KEY)
    assert entry.is_published
    assert not entry.is_unfinished
    assert entry.stored == frozenset(NAMES)
    assert ledger.claim(KEY, lease_seconds=60, may_store=NAMES).entry == entry


def test_an_expired_lease_is_taken_over_with_all_that_may_be_stored(
    ledger: Ledger, engine: Engine
) -> None:
    first = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    engine.clock.at += 61

    second = ledger.claim(KEY, lease_seconds=60, may_store=["sq.webp"])

    assert second.token != first.token
    assert second.entry.is_unfinished
    assert second.may_exist == {*NAMES, "sq.webp"}


@pytest.mark.parametrize(
    "end",
    [
        lambda ledger, claim: ledger.commit(claim, PUBLISHED),
        lambda ledger, claim: ledger.reject(claim, Corrupt("bad"), {}),
        lambda ledger, claim: ledger.tombstone(claim, {}),
        lambda ledger, claim: ledger.release(claim),
        lambda ledger, claim: ledger.abandon(claim),
    ],
    ids=["commit", "reject", "tombstone", "release", "abandon"],
)
def test_a_worker_that_lost_the_claim_writes_nothing(
    ledger: Ledger, engine: Engine, end: Callable[..., None]
) -> None:
    lost = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    engine.clock.at += 61
    ledger.commit(ledger.claim(KEY, lease_seconds=60, may_store=NAMES), PUBLISHED)
    before = ledger.read(KEY)

    with pytest.raises(ClaimLost):
        end(ledger, lost)

    assert ledger.read(KEY) == before


def serving_claim(ledger: Ledger, entry: Entry, name: str = "lazy.webp") -> Claim:
    return ServingClaims(ledger).claim(KEY, name, entry=entry, lease_seconds=40, records_name=True)


def test_a_renderer_and_a_worker_never_hold_a_key_together(ledger: Ledger, engine: Engine) -> None:
    worker = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    with pytest.raises(Claimed):
        serving_claim(ledger, Entry(version="v1"))
    ledger.commit(worker, PUBLISHED | {"version": "v1"})

    renderer = serving_claim(ledger, ledger.read(KEY))
    with pytest.raises(Claimed) as caught:
        ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    ServingClaims(ledger).release(renderer)
    after = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)

    assert caught.value.is_serving
    assert after.entry.lazy == {"lazy.webp"}
    assert after.may_exist == {*NAMES, "lazy.webp"}
    engine.clock.at += 61
    with pytest.raises(Claimed, match="unfinished"):
        serving_claim(ledger, after.entry)


def test_a_renderer_stores_nothing_beside_another_version(ledger: Ledger) -> None:
    for version in ("v1", "v2"):
        claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
        ledger.commit(claim, PUBLISHED | {"version": version})
    before = ledger.read(KEY)

    with pytest.raises(Claimed, match="version 'v2'"):
        serving_claim(ledger, replace(before, version="v1"))

    assert ledger.read(KEY) == before


def test_two_renderers_store_two_names_one_after_the_other(ledger: Ledger) -> None:
    claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    ledger.commit(claim, PUBLISHED | {"version": "v1"})
    entry = ledger.read(KEY)

    for name in ("a.webp", "b.webp"):
        ServingClaims(ledger).release(serving_claim(ledger, entry, name))

    assert ledger.read(KEY).lazy == {"a.webp", "b.webp"}


def test_copies_and_what_was_made_in_full_are_read_back(ledger: Ledger) -> None:
    equal = {"w64.webp": "w32.webp", "w96.webp": "w32.webp"}
    facts: dict[str, Value] = {"equal": by_stored_name(equal), "is_all_eager": True}

    ledger.commit(ledger.claim(KEY, lease_seconds=60, may_store=NAMES), PUBLISHED | facts)

    assert (ledger.read(KEY).equal, ledger.read(KEY).is_all_eager) == (equal, True)


def test_a_due_purge_is_cleared_once_and_a_later_one_stays(ledger: Ledger, engine: Engine) -> None:
    due = []
    for _ in range(2):
        engine.clock.at += 0.123456
        claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
        ledger.commit(claim, PUBLISHED)
        removal = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
        ledger.tombstone(removal, {}, purges=True)
        due.append(ledger.read(KEY).purge_due)

    ledger.clear_purge_due(KEY, due[0])
    between = ledger.read(KEY).purge_due
    ledger.clear_purge_due(KEY, due[1])

    assert between == due[1] > due[0] > 0
    assert ledger.read(KEY).purge_due == 0


def test_a_source_is_fetched_as_head_saw_it(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels", Metadata={"focal": "0.5,0.5"})

    source = seen(objects)

    assert source.overrides == Overrides(recipe=None, focal="0.5,0.5")
    assert objects.fetch(source, AMPLE) == b"pixels"


def test_a_source_overwritten_after_head_has_changed(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source = seen(objects)
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"others")

    with pytest.raises(SourceChanged):
        objects.fetch(source, AMPLE)


def test_a_source_deleted_after_head_has_changed(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source = seen(objects)
    engine.s3.delete_object(Bucket=sources, Key=KEY)

    with pytest.raises(SourceChanged):
        objects.fetch(source, AMPLE)
    assert objects.head(KEY) is None


def test_a_known_watermark_is_not_read_again(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"mark")

    watermark = objects.fetch_watermark(KEY, known=WatermarkFile())

    assert watermark.data == b"mark"
    assert objects.fetch_watermark(KEY, known=watermark) is watermark


def test_what_a_renderer_stores_has_its_tag_and_is_read_back(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    name = ("w32", Slot.WEBP)
    objects.put_at_request(seen(objects), "f00d", name, Codec.WEBP, b"small", is_lazy=True)

    found = objects.read_variant(variant_key(KEY, "w32", Slot.WEBP), most_bytes=5)

    assert found
    assert (found.data, found.content_type) == (b"small", "image/webp")
    assert lazy_tags(engine, objects, "w32.webp") == {"pixfleet": "lazy"}


def test_a_copied_variant_has_type_and_metadata_of_the_first_and_a_tag_of_its_own(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    objects.put_variant(seen(objects), "f00d", ("w32", Slot.AVIF), Codec.WEBP, b"small")
    first = objects.read_variant(variant_key(KEY, "w32", Slot.AVIF), most_bytes=5)
    assert first

    objects.copy_variant(KEY, "w32.avif", "w32.webp", etag=first.etag)

    copied = objects.read_variant(variant_key(KEY, "w32", Slot.WEBP), most_bytes=5)
    assert copied
    assert replace(copied, stored_at=first.stored_at) == first
    assert lazy_tags(engine, objects, "w32.webp") == {"pixfleet": "lazy"}


def test_a_variant_that_was_replaced_is_not_copied(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source, file = seen(objects), ("w32", Slot.AVIF)
    objects.put_variant(source, "f00d", file, Codec.AVIF, b"small")
    first = objects.read_variant(variant_key(KEY, *file), most_bytes=5)
    assert first
    objects.put_variant(source, "f00d", file, Codec.AVIF, b"other")

    with pytest.raises(SourceChanged):
        objects.copy_variant(KEY, "w32.avif", "w32.webp", etag=first.etag)

    assert objects.read_variant(variant_key(KEY, "w32", Slot.WEBP), most_bytes=5) is None


def lazy_tags(engine: Engine, objects: Objects, name: str) -> dict[str, str]:
    answer = engine.s3.get_object_tagging(
        Bucket=objects.variants_bucket, Key=stored_key(KEY, name)
    )
    return {each["Key"]: each["Value"] for each in answer["TagSet"]}


def test_one_renderer_has_the_lock_for_an_object_until_it_ends(
    serving: Serving, engine: Engine
) -> None:
    lock = serving.take_lock("k", 10)
    assert lock

    assert serving.take_lock("k", 10) is None
    assert serving.is_locked("k")
    serving.release_lock(lock)
    assert not serving.is_locked("k")
    assert serving.take_lock("k", 10)
    engine.clock.at += 11
    assert serving.take_lock("k", 10)


def test_paths_are_spent_until_the_budget_of_a_month_is_used_up(serving: Serving) -> None:
    assert serving.spend_paths("2026-11", 6, 10)
    assert not serving.spend_paths("2026-11", 6, 10)
    assert serving.spend_paths("2026-11", 4, 10)
    assert serving.spend_paths("2026-12", 10, 10)

    assert serving.paths_spent("2026-11") == 10


def test_stored_objects_are_deleted_and_missing_ones_are_no_error(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source = seen(objects)
    objects.put_variant(source, "f00d", ("w64", Slot.WEBP), Codec.WEBP, b"small")
    objects.put_manifest(source, b"{}")
    stored = [variant_key(KEY, "w64", Slot.WEBP), manifest_key(KEY)]
    bucket = objects.variants_bucket
    assert objects.read_recipes(bucket, manifest_key(KEY)) == b"{}"

    objects.delete([*stored, "never-there"])
    objects.delete(stored)

    assert not engine.s3.list_objects_v2(Bucket=bucket).get("Contents")
    with pytest.raises(Missing):
        objects.read_recipes(bucket, manifest_key(KEY))


def test_a_message_is_sent_received_delayed_and_acknowledged(
    queues: Queues, engine: Engine
) -> None:
    queue = name_of(engine.queue())
    queues.send(queue, "body", {"cause": "corrupt"})
    (first,) = queues.receive(queue, wait_seconds=0, hide_seconds=30)
    queues.delay(queue, first["ReceiptHandle"], seconds=0)

    (second,) = queues.receive(queue, wait_seconds=0, hide_seconds=30)

    assert second["Body"] == "body"
    assert second["Attributes"] == {"ApproximateReceiveCount": "2", "SentTimestamp": ANY}
    assert second["MessageAttributes"]["cause"]["StringValue"] == "corrupt"
    assert queues.acknowledge(queue, [second["ReceiptHandle"]]) == 0
    engine.rest(0.1)
    assert queues.receive(queue, wait_seconds=0, hide_seconds=30) == []


def test_a_message_received_too_often_becomes_a_dead_letter(
    queues: Queues, engine: Engine
) -> None:
    queue, dead = map(name_of, engine.queue_with_dead(max_receives=2))
    queues.send(queue, "body", {})
    (first,), (second,) = (queues.receive(queue, wait_seconds=0, hide_seconds=0) for _ in range(2))

    assert queues.receive(queue, wait_seconds=0, hide_seconds=0) == []

    (dead_letter,) = queues.receive(dead, wait_seconds=0, hide_seconds=0)
    assert first["MessageId"] == second["MessageId"] == dead_letter["MessageId"]


def test_a_write_whose_answer_was_lost_may_be_repeated(ledger: Ledger) -> None:
    """The refusal of the second write holds the item, which shows that the first succeeded."""
    claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    ledger.commit(claim, PUBLISHED)

    ledger.commit(claim, PUBLISHED)

    assert ledger.read(KEY).is_published
