"""`pixfleet verify` over a stack whose worker is the real one."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import STATUS_INDEX, LocalStack
from scripts.pixfleet.verify.check_result import CheckResult
from scripts.pixfleet.verify.checkpoint import AuditCheckpoint
from scripts.pixfleet.verify.listings import Position
from scripts.pixfleet.verify.repair import Repair
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.cloud.serving_claims import ServingClaims
from shared.cloud.status_index import StatusIndex
from shared.model.keys import manifest_key, stored_key
from tests.functional.cli.conftest import CommandResult, RunCommand
from tests.support.fakes import unbounded_calls
from tests.support.images import jpeg
from tests.support.lazy_variants import claimed_to_serve, put_lazy, store_lazily

pytestmark = pytest.mark.functional

PICTURE = jpeg((80, 60))
Verify = Callable[..., CommandResult]


@pytest.fixture(name="verify")
def _verify(pixfleet: RunCommand, occupied_shards: None) -> Verify:
    """Give a function that types `pixfleet verify --json` without grace."""
    return lambda *words: pixfleet("verify", "--json", "--grace", "0s", *words)


@pytest.fixture(name="drop")
def _drop(
    stack: LocalStack, clients: Clients, run_worker: Callable[..., None]
) -> Callable[..., None]:
    """Give a function that uploads sources and has them processed."""

    def drop(*keys: str, data: bytes = PICTURE) -> None:
        for key in keys:
            clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)
        run_worker()

    return drop


def _reasons(answer: CommandResult) -> dict[str, list[str]]:
    return {each["reason"]: each["examples"] for each in answer.document["reasons"]}


def _stop_events(stack: LocalStack, clients: Clients) -> None:
    """Send no more events from now on."""
    clients.s3.put_bucket_notification_configuration(
        Bucket=stack.sources_bucket, NotificationConfiguration={}
    )


def _edit(stack: LocalStack, clients: Clients, key: str, **fields: str) -> None:
    """Change string attributes of a ledger entry."""
    for name, value in fields.items():
        clients.dynamodb.update_item(
            TableName=stack.ledger_table,
            Key={"key": {"S": key}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"S": value}},
        )


def _remove(stack: LocalStack, clients: Clients, key: str, attribute: str) -> None:
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": key}},
        UpdateExpression=f"REMOVE {attribute}",
    )


def test_a_stack_without_differences_ends_with_zero(
    pixfleet: RunCommand, drop: Callable[..., None]
) -> None:
    """Lists all 256 shards, unlike the other tests."""
    drop("cat.jpg", "cat", "cat.jpg/2.jpg", "été/chat noir.jpg")
    drop("bad.jpg", data=b"no image")

    answer = pixfleet("verify", "--json", "--grace", "0s")

    assert answer.code == 0, answer
    assert answer.document["differences"] == 0
    assert answer.document["counts"]["current"] == 4
    assert answer.document["counts"]["rejected"] == 1


def test_every_difference_is_named(
    verify: Verify, drop: Callable[..., None], stack: LocalStack, clients: Clients
) -> None:
    drop("gone.jpg", "lost.jpg", "old.jpg", "recipe.jpg", "engine.jpg", "more.jpg", "well.jpg")
    _stop_events(stack, clients)
    drop("new.jpg")
    drop("old.jpg", data=jpeg((90, 60)))
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="gone.jpg")
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=manifest_key("lost.jpg"))
    for key in (stored_key("more.jpg", "w999.avif"), stored_key("never.jpg", "w64.webp")):
        clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=b"")
    _edit(stack, clients, "recipe.jpg", fingerprint="another")
    _edit(stack, clients, "engine.jpg", engine="0")

    answer = verify()

    assert answer.code == 3
    assert _reasons(answer) == {
        "never made": ["new.jpg"],
        "objects missing": ["lost.jpg"],
        "source replaced": ["old.jpg"],
        "recipe changed": ["recipe.jpg"],
        "engine changed": ["engine.jpg"],
        "source gone": ["gone.jpg"],
        "objects not in the ledger": ["more.jpg"],
        "source gone, not in the ledger": ["never.jpg"],
    }
    assert answer.document["counts"]["current"] == 1


def test_a_repair_leaves_nothing_that_differs(
    verify: Verify,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    run_worker: Callable[..., None],
) -> None:
    drop("gone.jpg", "lost.jpg", "old.jpg", "more.jpg")
    _stop_events(stack, clients)
    drop("new.jpg")
    drop("old.jpg", data=jpeg((90, 60)))
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="gone.jpg")
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("lost.jpg", "w32.webp"))
    for key in (stored_key("more.jpg", "w999.avif"), manifest_key("never.jpg")):
        clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=b"")

    repaired = verify("--repair", "--yes")
    run_worker(stack.bulk_queue)
    after = verify()

    assert repaired.code == 0
    assert repaired.document["repair"] == {"enqueued": 4, "deleted": 2, "indexed": 0, "failed": 0}
    assert (after.code, after.document["differences"]) == (0, 0)
    assert after.document["counts"]["current"] == 4


def test_objects_of_another_shape_are_never_touched(
    verify: Verify, stack: LocalStack, clients: Clients
) -> None:
    strange = ["_redrives/1.json", "zz/cat.jpg/w64.webp", "00/cat.jpg/w64.webp", "ab", "ab/x.txt"]
    for key in strange:
        clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=b"")

    answer = verify("--repair", "--yes")

    left = clients.s3.list_objects_v2(Bucket=stack.variants_bucket)["Contents"]
    assert answer.code == 0
    assert {each["Key"] for each in left} == {*strange, stack.recipes_key}


def test_nothing_is_repaired_without_a_yes(
    verify: Verify, stack: LocalStack, clients: Clients
) -> None:
    clients.s3.put_object(Bucket=stack.variants_bucket, Key=manifest_key("a.jpg"), Body=b"")

    answer = verify("--repair")

    assert answer.code == 2
    assert "Type --yes" in answer.err
    clients.s3.head_object(Bucket=stack.variants_bucket, Key=manifest_key("a.jpg"))


def test_a_dry_run_shows_the_repair_and_does_nothing(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    _stop_events(stack, clients)
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="new.jpg", Body=PICTURE)

    answer = pixfleet("verify", "--grace", "0s", "--repair", "--yes", "--dry-run")

    url = clients.sqs.get_queue_url(QueueName=stack.bulk_queue)["QueueUrl"]
    assert answer.code == 3
    assert "Enqueue 1 key on the bulk lane." in answer.out
    assert answer.out.endswith("\n  new.jpg\n")
    assert "Messages" not in clients.sqs.receive_message(QueueUrl=url)


def test_a_key_that_changed_a_moment_ago_is_no_difference(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="new.jpg", Body=PICTURE)

    answer = pixfleet("verify", "--json")

    assert answer.code == 0
    assert answer.document["counts"]["being worked on"] == 1


def test_a_source_is_headed_only_where_the_listing_cannot_tell(
    verify: Verify,
    stack: LocalStack,
    clients: Clients,
    drop: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop("same.jpg")
    clients.s3.put_object(
        Bucket=stack.sources_bucket,
        Key="square.jpg",
        Body=PICTURE,
        Metadata={"recipe": "square", "focal": "0.5,0.5"},
    )
    drop()
    heads: list[str] = []
    head = _heads(monkeypatch, heads)

    answer = verify()

    assert head
    assert (answer.document["counts"]["current"], heads) == (2, [])


def test_a_focal_point_set_without_an_event_is_found(
    verify: Verify, stack: LocalStack, clients: Clients, drop: Callable[..., None]
) -> None:
    drop("cat.jpg")
    _stop_events(stack, clients)
    _edit(stack, clients, "cat.jpg", last_modified="another time")
    clients.s3.copy_object(
        Bucket=stack.sources_bucket,
        Key="cat.jpg",
        CopySource={"Bucket": stack.sources_bucket, "Key": "cat.jpg"},
        Metadata={"focal": "0.1,0.1"},
        MetadataDirective="REPLACE",
    )

    answer = verify()

    assert _reasons(answer) == {"overrides changed": ["cat.jpg"]}


def test_an_entry_without_source_and_objects_is_found_and_tombstoned(
    verify: Verify,
    stack: LocalStack,
    clients: Clients,
    drop: Callable[..., None],
    run_worker: Callable[..., None],
) -> None:
    drop("bad.jpg", data=b"no image")
    _stop_events(stack, clients)
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="bad.jpg")

    found = verify("--repair", "--yes")
    run_worker(stack.bulk_queue)

    assert _reasons(found) == {"entry without source": ["bad.jpg"]}
    assert verify().code == 0


def test_entries_that_the_index_lacks_are_found_and_added(
    verify: Verify,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    run_worker: Callable[..., None],
) -> None:
    drop("old.jpg", "new.jpg", "gone.jpg")
    drop("bad.jpg", data=b"no image")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="gone.jpg")
    verify("--repair", "--yes")
    run_worker(stack.bulk_queue)
    for key in ("old.jpg", "gone.jpg", "bad.jpg"):
        _remove(stack, clients, key, "status_shard")

    found = verify()
    planned = verify("--repair", "--dry-run")
    repaired = verify("--repair", "--yes")
    after = verify()

    assert found.code == 3
    keys = _reasons(found)["entry without status_shard"]
    assert sorted(keys) == ["bad.jpg", "gone.jpg", "old.jpg"]
    assert found.document["counts"]["not in the index"] == 3
    assert planned.document["repair"] is None
    assert repaired.document["repair"] == {"enqueued": 0, "deleted": 0, "indexed": 3, "failed": 0}
    assert (after.code, after.document["differences"]) == (0, 0)
    index = StatusIndex(clients.dynamodb, unbounded_calls(), stack.ledger_table, STATUS_INDEX)
    newest = {
        status: {each.key for each in index.newest(status, most=9)}
        for status in ("published", "rejected", "removed")
    }
    assert newest == {
        "published": {"old.jpg", "new.jpg"},
        "rejected": {"bad.jpg"},
        "removed": {"gone.jpg"},
    }


def test_an_entry_of_another_version_is_reported_and_not_changed(
    verify: Verify, stack: LocalStack, clients: Clients, drop: Callable[..., None]
) -> None:
    drop("cat.jpg")
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": "cat.jpg"}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": "schema"},
        ExpressionAttributeValues={":value": {"N": "9"}},
    )

    answer = verify("--repair", "--yes")

    assert answer.code == 3
    assert _reasons(answer) == {"entry of another version": ["cat.jpg"]}


def test_a_report_has_a_line_for_every_difference(
    verify: Verify, stack: LocalStack, clients: Clients, tmp_path: Path
) -> None:
    _stop_events(stack, clients)
    keys = [f"{number}.jpg" for number in range(5)]
    for key in keys:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=PICTURE)
    report = tmp_path / "report.jsonl"

    answer = verify("--report", report)

    lines: list[dict[str, Any]] = [json.loads(line) for line in report.read_text().splitlines()]
    assert answer.code == 3
    assert sorted(line["key"] for line in lines) == keys
    assert {line["kind"] for line in lines} == {"missing"}


def test_only_the_keys_of_a_prefix_are_audited(
    verify: Verify, stack: LocalStack, clients: Clients, drop: Callable[..., None]
) -> None:
    drop("a/1.jpg", "b/1.jpg", "a")

    answer = verify("--prefix", "a/")

    assert (answer.code, answer.document["looked_at"]) == (0, 1)


def _heads(monkeypatch: pytest.MonkeyPatch, heads: list[str]) -> object:
    """Record every HEAD of a source."""
    from shared.cloud.objects import Objects  # noqa: PLC0415

    real = Objects.head

    def recorded(self: Objects, key: str) -> Any:  # noqa: ANN401
        heads.append(key)
        return real(self, key)

    monkeypatch.setattr(Objects, "head", recorded)
    return real


@pytest.fixture(name="ledger")
def _ledger(stack: LocalStack, clients: Clients) -> Ledger:
    clock = SystemClock()
    return Ledger(clients.dynamodb, unbounded_calls(clock), stack.ledger_table, clock)


LAZY = ("w32.avif", "w64.avif", "w96.avif")


def test_lazy_objects_may_be_stored_or_not(
    verify: Verify,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    ledger: Ledger,
) -> None:
    drop("cat.jpg")
    store_lazily(ledger, clients.s3, stack.variants_bucket, "cat.jpg", *LAZY)
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("cat.jpg", LAZY[0]))

    answer = verify()

    assert answer.code == 0, answer
    assert answer.document["counts"]["current"] == 1


def test_lazy_objects_of_another_version_or_without_a_claim_are_deleted(
    verify: Verify,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    ledger: Ledger,
) -> None:
    drop("late.jpg", "both.jpg", "unknown.jpg")
    for key in ("late.jpg", "both.jpg"):
        store_lazily(ledger, clients.s3, stack.variants_bucket, key, *LAZY[:2])
        put_lazy(clients.s3, stack.variants_bucket, key, LAZY[0], "an earlier version")
    for key in ("both.jpg", "unknown.jpg"):
        version = ledger.read(key).version
        put_lazy(clients.s3, stack.variants_bucket, key, LAZY[2], version)

    found = verify()
    repaired = verify("--repair", "--yes")
    after = verify()

    assert _reasons(found) == {
        "lazy objects of another version": ["both.jpg", "late.jpg"],
        "objects not in the ledger": ["unknown.jpg"],
    }
    assert repaired.document["repair"] == {"enqueued": 0, "deleted": 4, "indexed": 0, "failed": 0}
    assert after.code == 0, after
    for key in ("late.jpg", "both.jpg"):
        page = clients.s3.list_objects_v2(
            Bucket=stack.variants_bucket, Prefix=stored_key(key, "w64.avif")
        )
        assert page["KeyCount"] == 1
        assert ledger.read(key).lazy == set(LAZY[:2])


def test_lazy_objects_go_when_a_source_is_made_again(
    verify: Verify,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    ledger: Ledger,
    run_worker: Callable[..., None],
) -> None:
    drop("lost.jpg")
    store_lazily(ledger, clients.s3, stack.variants_bucket, "lost.jpg", *LAZY)
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("lost.jpg", "w32.webp"))

    verify("--repair", "--yes")
    between = ledger.read("lost.jpg")
    run_worker(stack.bulk_queue)
    after = verify()

    assert between.is_unfinished
    assert between.stored >= set(LAZY)
    assert after.code == 0, after
    assert ledger.read("lost.jpg").lazy == frozenset()
    lazy = clients.s3.list_objects_v2(
        Bucket=stack.variants_bucket, Prefix=stored_key("lost.jpg", "w96.avif")
    )
    assert lazy["KeyCount"] == 0


def test_a_repair_waits_for_a_renderer(
    verify: Verify,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The renderer claims the keys after the audit."""
    drop("lost.jpg", "more.jpg")
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=stored_key("lost.jpg", "w32.webp"))
    put_lazy(clients.s3, stack.variants_bucket, "more.jpg", LAZY[0], "")
    claims: list[Any] = []

    def run(self: Repair, differences: Iterable[CheckResult]) -> Iterator[int]:
        claims.extend(claimed_to_serve(ledger, key, LAZY[1]) for key in ("lost.jpg", "more.jpg"))
        object.__setattr__(self.context, "sleep", lambda _: release())
        return repair_run(self, differences)

    def release() -> None:
        while claims:
            ServingClaims(ledger).release(claims.pop())

    repair_run = Repair.run
    monkeypatch.setattr(Repair, "run", run)

    repaired = verify("--repair", "--yes")

    assert repaired.document["repair"] == {"enqueued": 1, "deleted": 1, "indexed": 0, "failed": 0}
    assert ledger.read("lost.jpg").is_unfinished


def test_a_lazy_object_that_was_stored_a_moment_ago_is_no_difference(
    pixfleet: RunCommand,
    drop: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    ledger: Ledger,
) -> None:
    """A worker may have published the version of the object after the entry was read."""
    drop("cat.jpg")
    store_lazily(ledger, clients.s3, stack.variants_bucket, "cat.jpg", LAZY[0])
    put_lazy(clients.s3, stack.variants_bucket, "cat.jpg", LAZY[0], "a later version")

    answer = pixfleet("verify", "--json", "--grace", "1h")

    assert answer.code == 0, answer
    assert answer.document["counts"]["being worked on"] == 1


def test_a_sample_estimates_the_share_of_sources_that_differ(
    verify: Verify, drop: Callable[..., None], stack: LocalStack, clients: Clients
) -> None:
    drop("a.jpg", "a.jpg/b.jpg", "c.jpg")
    clients.s3.delete_object(Bucket=stack.variants_bucket, Key=manifest_key("c.jpg"))

    all_of_them = verify("--sample", "10")
    one = verify("--sample", "1", "--prefix", "a.jpg")

    assert all_of_them.code == 3
    assert all_of_them.document["sample"] == {
        "total": 3,
        "sampled": 3,
        "differing": 1,
        "low": pytest.approx(1 / 3),
        "high": pytest.approx(1 / 3),
    }
    assert _reasons(all_of_them) == {"objects missing": ["c.jpg"]}
    assert one.code == 0
    assert (one.document["sample"]["total"], one.document["sample"]["sampled"]) == (2, 1)
    assert one.document["sample"]["low"] == 0 < one.document["sample"]["high"] < 1


def test_a_sample_repairs_nothing(verify: Verify) -> None:
    answer = verify("--sample", "10", "--repair")

    assert answer.code == 2
    assert "expected --sample alone" in answer.err


def test_an_audit_goes_on_from_its_checkpoint_after_ctrl_c(
    stack: LocalStack,
    clients: Clients,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    keys = [f"{number:02d}.jpg" for number in range(40)]
    for key in keys:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=b"x")
    monkeypatch.setattr("scripts.pixfleet.verify.audit.BATCH_KEYS", 1)
    path, report = tmp_path / "audit", tmp_path / "report"
    save = AuditCheckpoint.save

    def save_and_stop(kept: AuditCheckpoint, position: Position, *rest: Any) -> None:  # noqa: ANN401 - as in `save`
        kept.every_seconds = 0
        save(kept, position, *rest)
        if position.after == "19.jpg":
            raise KeyboardInterrupt

    monkeypatch.setattr(AuditCheckpoint, "save", save_and_stop)
    stopped = verify("--checkpoint", path)
    monkeypatch.setattr(AuditCheckpoint, "save", save)
    ended = verify("--checkpoint", path, "--report", report)

    assert stopped.code == 130
    assert "Going on after 20 keys" in ended.err
    assert ended.document["looked_at"] == ended.document["differences"] == len(keys)
    assert [json.loads(line)["key"] for line in report.read_text().splitlines()] == keys
    assert sorted(each.name for each in tmp_path.iterdir() if "audit" in each.name) == []
