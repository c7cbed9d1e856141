"""`pixfleet dlq groups`, `dlq list` and `rejected`: who can fix a cause; lists for owners."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote_plus

import pytest

from scripts.pixfleet.rejected.reader import RejectedFilter, RejectedReader
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.failed_images import THREADS
from shared.cloud.items import Value, to_item
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.source_bucket import SourceBucket, owner_metadata
from shared.cloud.status_index import StatusIndex
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.model.errors import AccessDenied
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

FORMULA = "=cmd|' C calc'!A0.jpg"


def reject(aws: DirectAccess, *keys: str, cause: str = "truncated", at: float = 1e9) -> None:
    """Write entries of rejected sources into the ledger, the first key the oldest."""
    for number, key in enumerate(keys):
        item: dict[str, Value] = {
            "key": key,
            "schema": 1,
            "status": "rejected",
            "cause": cause,
            "detail": "Expected more, got less.",
            STATUS_SHARD: status_shard("rejected", key),
            "updated_at": at + number,
        }
        aws.clients.dynamodb.put_item(TableName=aws.stack.ledger_table, Item=to_item(item))


def store(aws: DirectAccess, key: str, owner: str = "") -> None:
    aws.clients.s3.put_object(
        Bucket=aws.stack.sources_bucket, Key=key, Body=jpeg(), Metadata=owner_metadata(owner)
    )


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_groups_show_who_can_fix_each_and_what_every_image_meets_first(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    for cause, count in (("truncated", 3), ("throttled", 1), ("decoder_crash", 2)):
        for number in range(count):
            aws.add_dead_letter(aws.event(f"{cause}/{number}.jpg"), cause=cause)

    document = pixfleet("dlq", "groups", "--json").document
    shown = pixfleet("dlq", "groups").out

    found = [(each["cause"], each["fixed_by"]) for each in document["groups"]]
    assert found == [("throttled", "AWS"), ("decoder_crash", "operator"), ("truncated", "owner")]
    assert "pixfleet dlq redrive --cause throttled" in shown
    assert "pixfleet dlq redrive --cause truncated" not in shown
    assert "pixfleet dlq list --csv --cause truncated" in shown


def test_a_queue_that_another_process_reads_is_not_called_empty(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    for number in range(3):
        aws.add_dead_letter(aws.event(f"{number}.jpg"), cause="truncated")
    url = aws.url(aws.stack.dead_letter_queue)
    aws.clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)

    groups, listed = pixfleet("dlq", "groups"), pixfleet("dlq", "list", "--json")

    assert "No dead letters in" not in groups.out
    assert "Looked at 0 of about 3 dead letters: 3 were in flight" in groups.err
    assert not listed.document["complete"]
    assert listed.document["in_flight"] == 3


def test_the_dead_letters_of_a_drill_are_left_alone_unless_they_are_named(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    aws.add_dead_letter(aws.event("_drill/1a/text.jpg"), cause="not_an_image")
    aws.add_dead_letter(aws.event("a.jpg"), cause="not_an_image")

    groups = pixfleet("dlq", "groups", "--json").document
    would = pixfleet("dlq", "delete", "--cause", "not_an_image", "--dry-run", "--json").document
    pixfleet("dlq", "redrive", "--all", "--yes")
    named = pixfleet("dlq", "delete", "--prefix", "_drill/", "--dry-run", "--json").document

    assert (groups["letters"], groups["of_drills"]) == (1, 1)
    assert would["keys"] == ["a.jpg"]
    assert aws.dead_letters == (1, 0)
    assert named["keys"] == ["_drill/1a/text.jpg"]


@pytest.mark.parametrize("command", ["redrive", "delete"])
def test_a_dry_run_names_twenty_keys_and_all_of_them_with_json(
    aws: DirectAccess, pixfleet: RunCommand, command: str
) -> None:
    keys = [f"{number:02}.jpg" for number in range(23)]
    for key in keys:
        aws.add_dead_letter(aws.event(key), cause="truncated")

    shown = pixfleet("dlq", command, "--all", "--dry-run").out
    document = pixfleet("dlq", command, "--all", "--dry-run", "--json").document

    assert sum(f"  {key}\n" in shown for key in keys) == 20
    assert "and 3 more: --json names them" in shown
    assert sorted(document["keys"]) == keys


def test_dead_letters_are_listed_with_size_and_owner(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    store(aws, "cats/a.jpg", owner="anna@example.org")
    for key, cause in (("cats/a.jpg", "truncated"), ("gone.jpg", "throttled")):
        aws.add_dead_letter(aws.event(key), cause=cause, detail="why")

    answer = pixfleet("dlq", "list", "--json")

    found = {each["key"]: each for each in answer.document["images"]}
    assert answer.code == 0
    assert found["cats/a.jpg"]["size_bytes"] == len(jpeg())
    assert found["cats/a.jpg"]["owner"] == "anna@example.org"
    assert (found["gone.jpg"]["size_bytes"], found["gone.jpg"]["fixed_by"]) == (None, "AWS")
    assert pixfleet("dlq", "list", "--cause", "truncated").out.count(".jpg") == 1
    assert pixfleet("dlq", "list", "--prefix", "dogs/").out.startswith("No dead letters match")
    assert "cats/a.jpg" in pixfleet("dlq", "list", "--since", "1h").out


@pytest.mark.parametrize("command", [("dlq", "list"), ("rejected",)], ids=" ".join)
def test_a_list_for_a_spreadsheet_has_no_formulas(
    aws: DirectAccess, pixfleet: RunCommand, command: Sequence[str]
) -> None:
    aws.add_dead_letter(aws.event(quote_plus(FORMULA)), cause="truncated")
    reject(aws, FORMULA)

    as_csv = pixfleet(*command, "--csv")
    as_lines = pixfleet(*command, "--jsonl")

    (row,) = rows_of(as_csv.out)
    assert row["key"] == f"'{FORMULA}"
    assert (row["cause"], row["fixed_by"]) == ("truncated", "owner")
    assert json.loads(as_lines.out)["key"] == FORMULA
    assert pixfleet(*command, "--csv", "--jsonl").code == 2
    assert pixfleet(*command, "--cause", "tired").code == 2
    assert pixfleet(*command, "--since", "soon").code == 2


def test_rejected_sources_are_listed_the_newest_first(
    aws: DirectAccess, run_worker: Callable[..., None], pixfleet: RunCommand
) -> None:
    reject(aws, "cats/old.jpg", "cats/newer.jpg", "dogs/a.jpg")
    aws.drop("cats/half.jpg", truncated_jpeg())
    run_worker()

    every = pixfleet("rejected", "--json").document
    recent = pixfleet("rejected", "--since", "1h", "--json").document
    cats = pixfleet("rejected", "--prefix", "cats/", "-n", 2, "--json").document

    keys = ["cats/half.jpg", "dogs/a.jpg", "cats/newer.jpg", "cats/old.jpg"]
    assert [each["key"] for each in every["images"]] == keys
    assert every["complete"]
    assert every["images"][0]["size_bytes"] == len(truncated_jpeg())
    assert [each["key"] for each in recent["images"]] == keys[:1]
    assert [each["key"] for each in cats["images"]] == ["cats/half.jpg", "cats/newer.jpg"]
    assert (cats["complete"], cats["why_incomplete"]) == (False, "Only the newest 2 are listed")


def test_a_stack_without_rejected_sources_says_so(pixfleet: RunCommand) -> None:
    answer = pixfleet("rejected")

    assert (answer.code, answer.out) == (0, "No rejected source matches.\n")


def test_the_ledger_is_not_read_without_end_for_a_rare_cause(aws: DirectAccess) -> None:
    reject(aws, *(f"{number}.jpg" for number in range(40)))
    clients, table = AwsClients(), aws.stack.ledger_table
    reader = RejectedReader(
        StatusIndex(clients.dynamodb, clients.calls, table, aws.stack.document().status_index),
        LedgerReader(clients.dynamodb, clients.calls, table),
        max_read=25,
    )

    found = reader.read(RejectedFilter(cause="corrupt"))

    assert (found.images, found.is_complete, reader.read_count) == ([], False, 25)
    assert found.why == "Only the newest 25 rejected sources were looked at"


def test_a_list_without_the_right_to_read_sources_says_what_is_missing(
    aws: DirectAccess, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def refuse(_: SourceBucket, key: str) -> None:
        calls.append(key)
        raise AccessDenied("s3:GetObject is not allowed", stage="head")

    monkeypatch.setattr(SourceBucket, "describe", refuse)
    for number in range(300):
        aws.add_dead_letter(aws.event(f"{number}.jpg"), cause="truncated")

    answer = pixfleet("dlq", "list", "--csv")

    assert len(rows_of(answer.out)) == 300
    assert "Sizes and owners are missing: access_denied" in answer.err
    assert len(calls) <= THREADS
