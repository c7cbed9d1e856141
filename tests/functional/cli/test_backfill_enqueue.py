import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from scripts.backfill import enqueue, performance
from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.events import backfill
from tests.functional.cli.conftest import Type
from tests.images import png

pytestmark = pytest.mark.functional

PICTURE = png((8, 8))
WorkOff = Callable[[str], None]


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="work_off")
def _quiet_work_off(work_off: WorkOff) -> WorkOff:
    """Give a worker whose log lines do not mix with what the command prints."""

    def quietly(queue: str) -> None:
        with redirect_stdout(io.StringIO()):
            work_off(queue)

    return quietly


def _put(clients: Clients, stack: LocalStack, keys: Iterable[str], data: bytes = PICTURE) -> None:
    """Put sources of which the fleet is not told."""
    clients.s3.put_bucket_notification_configuration(
        Bucket=stack.sources_bucket, NotificationConfiguration={}
    )
    for key in keys:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)


def _enqueued(clients: Clients, stack: LocalStack, queue: str = "") -> list[list[str]]:
    """Return the keys of each message on the bulk lane, and leave them there."""
    url = clients.sqs.get_queue_url(QueueName=queue or stack.bulk_queue)["QueueUrl"]
    found: list[list[str]] = []
    while messages := clients.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1000
    ).get("Messages"):
        bodies = [json.loads(message["Body"]) for message in messages]
        found += [[hint.key for hint in backfill.read(body)] for body in bodies]
    return found


def test_every_source_under_a_prefix_is_sent_in_messages_of_ten(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    keys = [f"photos/{at:03}.png" for at in range(25)]
    _put(clients, stack, [*keys, "other.png"])

    answer = type_("backfill", "enqueue", "--prefix", "photos/", "--no-wait", "--json")

    messages = _enqueued(clients, stack)
    assert answer.code == 0
    assert sorted(key for message in messages for key in message) == keys
    assert sorted(map(len, messages)) == [5, 10, 10]
    assert (answer.document["sent"], answer.document["waiting"]) == (25, 25)


def test_the_closing_table_adds_up(
    type_: Type, clients: Clients, stack: LocalStack, work_off: WorkOff
) -> None:
    _put(clients, stack, ["made.png", "current.png"])
    type_("backfill", "enqueue", "--prefix", "current", "--no-wait")
    work_off(stack.bulk_queue)
    type_("backfill", "enqueue", "--prefix", "current")
    _put(clients, stack, ["rejected.png"], b"no image")

    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    work_off(stack.bulk_queue)
    answer = type_("backfill", "enqueue", "--prefix", "", "--json")

    totals = answer.document
    assert answer.code == 3
    assert [totals[each] for each in ("sent", "made", "current", "rejected")] == [3, 1, 1, 1]
    assert [totals[each] for each in ("failed", "removed", "waiting")] == [0, 0, 0]
    assert not Path(".pixfleet/backfill.sqlite").exists()


@pytest.mark.parametrize(
    ("only", "expected"),
    [("missing", "missing.png"), ("stale", "stale.png"), ("rejected", "rejected.png")],
)
def test_only_what_stands_as_asked_is_sent(
    only: str, expected: str, type_: Type, clients: Clients, stack: LocalStack, work_off: WorkOff
) -> None:
    _put(clients, stack, ["current.png", "stale.png"])
    _put(clients, stack, ["rejected.png"], b"no image")
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    work_off(stack.bulk_queue)
    type_("backfill", "enqueue", "--prefix", "")
    _put(clients, stack, ["stale.png", "missing.png"], png((8, 8), seed=2))

    answer = type_("backfill", "enqueue", "--prefix", "", "--only", only, "--no-wait", "--json")

    assert _enqueued(clients, stack) == [[expected]]
    assert answer.document["skipped"]["not_asked_for"]["count"] == 3


def test_what_another_recipe_made_is_stale(
    type_: Type, clients: Clients, stack: LocalStack, work_off: WorkOff
) -> None:
    _put(clients, stack, ["cat.png"])
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    work_off(stack.bulk_queue)
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": "cat.png"}},
        UpdateExpression="SET fingerprint = :old",
        ExpressionAttributeValues={":old": {"S": "0123456789abcdef"}},
    )

    answer = type_(
        *("backfill", "enqueue", "--prefix", "", "--only", "stale"),
        *("--restart", "--no-wait", "--json"),
    )

    assert answer.document["sent"] == 1


def test_a_source_that_was_only_dropped_again_is_current(
    type_: Type, clients: Clients, stack: LocalStack, work_off: WorkOff
) -> None:
    _put(clients, stack, ["cat.png"])
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    work_off(stack.bulk_queue)
    type_("backfill", "enqueue", "--prefix", "")
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": "cat.png"}},
        UpdateExpression="SET last_modified = :older",
        ExpressionAttributeValues={":older": {"S": "2020-01-01T00:00:00+00:00"}},
    )

    answer = type_("backfill", "enqueue", "--prefix", "", "--no-wait", "--json")

    assert (answer.document["sent"], answer.document["current"]) == (1, 1)


def test_an_inventory_is_read_with_its_keys_decoded(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    keys = ["a b+c/ü.png", "plain.png"]
    _put(clients, stack, keys)
    _put_inventory(clients, stack, [(key, "true", "false") for key in keys])

    answer = type_("backfill", "enqueue", "--inventory", MANIFEST, "--no-wait", "--json")

    assert _enqueued(clients, stack) == [keys]
    assert answer.code == 0


def test_an_inventorys_old_versions_and_delete_markers_are_left_out(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, ["new.png"])
    rows = [
        ("old.png", "false", "false"),
        ("gone.png", "true", "true"),
        ("new.png", "true", "false"),
    ]
    _put_inventory(clients, stack, rows)

    type_("backfill", "enqueue", "--inventory", MANIFEST, "--no-wait")

    assert _enqueued(clients, stack) == [["new.png"]]


@pytest.mark.parametrize("kind", ["ORC", "Parquet"])
def test_an_inventory_of_another_format_is_refused_with_the_remedy(
    kind: str, type_: Type, clients: Clients, stack: LocalStack
) -> None:
    _put_inventory(clients, stack, [], file_format=kind)

    answer = type_("backfill", "enqueue", "--inventory", MANIFEST)

    assert answer.code == 2
    assert f"expected an inventory in CSV, got {kind}" in answer.err
    assert "Traceback" not in answer.err


def test_an_inventory_of_another_bucket_is_refused(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    _put_inventory(clients, stack, [], source_bucket="elsewhere")

    answer = type_("backfill", "enqueue", "--inventory", MANIFEST)

    assert answer.code == 2
    assert "got one of elsewhere" in answer.err


def test_another_selection_is_refused_while_one_is_unfinished(
    type_: Type, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(clients, stack, ["a.png", "b.png"])
    _die_at_the_first_message(type_, "a", monkeypatch)

    answer = type_("backfill", "enqueue", "--prefix", "b")

    assert answer.code == 2
    assert "is of another backfill" in answer.err
    assert "--restart" in answer.err


def test_what_was_on_its_way_when_the_process_died_is_sent_again_and_counted_once(
    type_: Type, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(clients, stack, [f"{at}.png" for at in range(3)])
    _die_at_the_first_message(type_, "", monkeypatch)

    answer = type_("backfill", "enqueue", "--prefix", "", "--no-wait", "--json")

    assert answer.document["sent"] == 3
    assert sum(map(len, _enqueued(clients, stack))) == 3


def test_the_estimate_alone_sends_nothing(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, ["a.png", "b.png"])

    answer = type_("backfill", "enqueue", "--prefix", "", "--dry-run", "--json")

    assert (answer.document["images"], answer.document["made"]) == (2, 2)
    assert answer.document["averages"]["origin"].startswith("docs/cost.md")
    assert not _enqueued(clients, stack)
    assert not Path(".pixfleet").exists()


def test_the_estimate_is_by_what_the_ledger_has_of_images_that_were_made(
    type_: Type, clients: Clients, stack: LocalStack, work_off: WorkOff
) -> None:
    _put(clients, stack, ["a.png"])
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    work_off(stack.bulk_queue)

    answer = type_("backfill", "enqueue", "--prefix", "", "--dry-run", "--json")

    averages = answer.document["averages"]
    assert averages["origin"] == "the ledger, of the latest 1 images"
    assert averages["objects"] == 3
    assert (answer.document["images"], answer.document["made"]) == (1, 0)


def test_much_is_not_sent_unasked(
    type_: Type, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "ASK_IMAGES", 1)
    _put(clients, stack, ["a.png", "b.png"])

    refused = type_("backfill", "enqueue", "--prefix", "")
    sent = type_("backfill", "enqueue", "--prefix", "", "--yes", "--no-wait", "--json")

    assert refused.code == 2
    assert "--yes" in refused.err
    assert sent.document["sent"] == 2


def test_no_more_is_sent_than_was_allowed(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, [f"{at}.png" for at in range(5)])

    answer = type_("backfill", "enqueue", "--prefix", "", "--max-images", 3, "--no-wait", "--json")

    assert answer.code == 0
    assert sum(map(len, _enqueued(clients, stack))) == 3
    assert answer.document["sent"] == 3


def test_no_more_is_sent_than_the_dollars_pay_for(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, [f"{at}.png" for at in range(5)])

    answer = type_(
        "backfill", "enqueue", "--prefix", "", "--max-dollars", "0.0003", "--no-wait", "--json"
    )

    assert answer.document["sent"] == 2
    assert answer.document["dollars"] <= 0.0003


def test_it_stops_after_so_many_failures_and_can_go_on(
    type_: Type,
    clients: Clients,
    stack: LocalStack,
    work_off: WorkOff,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _put(clients, stack, [f"{at}.png" for at in range(6)], b"no image")
    send = enqueue.Outbox.send

    def send_and_work(self: enqueue.Outbox, groups: list[list[str]]) -> None:
        send(self, groups)
        work_off(stack.bulk_queue)

    monkeypatch.setattr(enqueue.Outbox, "send", send_and_work)
    monkeypatch.setattr("scripts.backfill.run.LOOK_SECONDS", 0.0)

    answer = type_(
        *("backfill", "enqueue", "--prefix", "", "--stop-after-failures", 2),
        *("--rate", 2, "--no-wait", "--json"),
    )

    assert answer.code == 3
    assert answer.document["sent"] == 2
    assert answer.document["stopped"].startswith("--stop-after-failures 2: 2 rejected")


def test_a_prefix_or_an_inventory_has_to_be_said(type_: Type) -> None:
    answer = type_("backfill", "enqueue")

    assert answer.code == 2
    assert "--prefix '' is the whole bucket" in answer.err


def test_a_source_without_a_message_and_without_an_end_has_failed(
    type_: Type, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.backfill.run.QUIET_SECONDS", 0.0)
    monkeypatch.setattr("scripts.backfill.run.LOOK_SECONDS", 0.0)
    _put(clients, stack, ["cat.png"])
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    url = clients.sqs.get_queue_url(QueueName=stack.bulk_queue)["QueueUrl"]
    clients.sqs.purge_queue(QueueUrl=url)

    answer = type_("backfill", "enqueue", "--prefix", "")

    assert answer.code == 3
    assert "+ failed         1" in answer.out
    assert "pixfleet dlq groups" in answer.out


def test_what_was_made_before_the_run_is_not_counted_as_made_by_it(
    type_: Type,
    clients: Clients,
    stack: LocalStack,
    work_off: WorkOff,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scripts.backfill.run.QUIET_SECONDS", 0.0)
    monkeypatch.setattr("scripts.backfill.run.LOOK_SECONDS", 0.0)
    _put(clients, stack, ["cat.png"])
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    work_off(stack.bulk_queue)
    _put(clients, stack, ["cat.png"], png((8, 8), seed=2))
    type_("backfill", "enqueue", "--prefix", "", "--restart", "--no-wait")
    url = clients.sqs.get_queue_url(QueueName=stack.bulk_queue)["QueueUrl"]
    clients.sqs.purge_queue(QueueUrl=url)

    answer = type_("backfill", "enqueue", "--prefix", "", "--json")

    assert (answer.document["made"], answer.document["failed"]) == (0, 1)


def test_a_source_that_was_removed_meanwhile_is_counted_as_that(
    type_: Type, clients: Clients, stack: LocalStack, work_off: WorkOff
) -> None:
    _put(clients, stack, ["cat.png"])
    type_("backfill", "enqueue", "--prefix", "", "--no-wait")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="cat.png")
    work_off(stack.bulk_queue)

    answer = type_("backfill", "enqueue", "--prefix", "", "--json")

    assert (answer.document["sent"], answer.document["removed"]) == (1, 1)


MANIFEST = "s3://pixfleet-variants/inventory/manifest.json"
COLUMNS = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag"


def _put_inventory(
    clients: Clients,
    stack: LocalStack,
    rows: Iterable[tuple[str, str, str]],
    *,
    file_format: str = "CSV",
    source_bucket: str = "",
) -> None:
    text = io.StringIO()
    bucket = source_bucket or stack.sources_bucket
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        (bucket, quote_plus(key, safe="/"), "1", latest, marker, "68", "0" * 32)
        for key, latest, marker in rows
    )
    manifest = {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::pixfleet-variants",
        "version": "2016-11-30",
        "fileFormat": file_format,
        "fileSchema": COLUMNS,
        "files": [{"key": "inventory/data/1.csv.gz", "size": 1, "MD5checksum": "0"}],
    }
    for key, data in (
        ("inventory/manifest.json", json.dumps(manifest).encode()),
        ("inventory/data/1.csv.gz", gzip.compress(text.getvalue().encode())),
    ):
        clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=data)


class _Killed(BaseException):
    """Ends a process as SIGKILL does: nothing of ours runs after it."""


def _die_at_the_first_message(type_: Type, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(enqueue.Outbox, "send", die)
        with pytest.raises(_Killed):
            type_("backfill", "enqueue", "--prefix", prefix, "--no-wait")
