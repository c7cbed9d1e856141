"""Each disaster of docs/recovery.md, at small size, with the commands of that page."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.verify import rebuild
from scripts.pixfleet.verify.rebuild import Rebuild
from scripts.pixfleet.verify.rebuilt_entry import RebuildOutcome
from shared.cloud.items import Value, to_item
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_repairs import add_published
from shared.model.keys import manifest_key, stored_key
from tests.functional.cli.conftest import CommandResult, RunCommand
from tests.functional.cli.recovery import Disaster
from tests.functional.conftest import RECIPES
from tests.support.images import jpeg

pytestmark = pytest.mark.functional

PICTURE, OTHER = jpeg((80, 60)), jpeg((90, 60))
SMALL = jpeg((40, 30))  # narrower than a rung
BROKEN = b"no image"
Verify = Callable[..., CommandResult]


@pytest.fixture(name="disaster")
def _disaster(stack: LocalStack, clients: Clients, run_worker: Callable[..., None]) -> Disaster:
    """Give a stack with four published sources and a rejected one."""
    disaster = Disaster(stack, clients, run_worker)
    disaster.put("cat.jpg", "cat.jpg/2.jpg", "dog.jpg", data=PICTURE)
    disaster.put("été noir.jpg", "small.jpg", data=SMALL)
    disaster.put("square.jpg", data=PICTURE, recipe="square", focal="0.2,0.2")
    disaster.put("bad.jpg", data=BROKEN)
    disaster.work()
    return disaster


@pytest.fixture(name="verify")
def _verify(pixfleet: RunCommand, occupied_shards: None) -> Verify:
    """Give a function that types `pixfleet verify --json` without grace."""
    return lambda *words: pixfleet("verify", "--json", "--grace", "0s", *words)


def _repair(verify: Verify, disaster: Disaster) -> int:
    """Repair until nothing differs, and return how many keys were enqueued."""
    enqueued = 0
    for _ in range(3):
        answer = verify("--repair", "--yes")
        assert answer.code == 0, answer
        if not answer.document["differences"]:
            return enqueued
        enqueued += answer.document["repair"]["enqueued"]
        disaster.work()
    raise AssertionError("three repairs left differences")


def test_a_ledger_restored_to_an_hour_ago_is_repaired(disaster: Disaster, verify: Verify) -> None:
    disaster.save_ledger()
    disaster.put("new.jpg", data=PICTURE)
    disaster.put("dog.jpg", data=OTHER)
    disaster.put("small.jpg", data=BROKEN)
    disaster.put("bad.jpg", data=PICTURE)
    disaster.delete("cat.jpg")
    disaster.work()
    disaster.restore_ledger()

    enqueued = _repair(verify, disaster)

    assert enqueued == 5
    assert disaster.state() == disaster.oracle()


def test_a_lost_ledger_is_rebuilt_without_a_render(disaster: Disaster, verify: Verify) -> None:
    before = disaster.state()
    disaster.lose_ledger()

    planned = verify("--rebuild-ledger", "--dry-run")
    rebuilt = verify("--rebuild-ledger", "--yes")
    again = verify("--rebuild-ledger", "--yes")

    stored, entries = disaster.state()
    assert planned.document["outcomes"] == rebuilt.document["outcomes"]
    assert rebuilt.document["outcomes"]["rebuilt"]["count"] == 6
    assert rebuilt.document["outcomes"]["no manifest"] == {"count": 1, "example": "bad.jpg"}
    assert (rebuilt.code, again.document["without_entry"]) == (3, 1)
    assert stored == before[0]
    assert entries == {key: each for key, each in before[1].items() if key != "bad.jpg"}
    assert _repair(verify, disaster) == 1
    assert disaster.state() == before


def test_a_rebuild_says_how_many_sources_are_too_new_to_be_looked_at(
    disaster: Disaster, pixfleet: RunCommand
) -> None:
    disaster.lose_ledger()

    answer = pixfleet("verify", "--rebuild-ledger", "--dry-run")

    assert "7 keys are being worked on or changed in the last minutes" in answer.out
    assert "--grace 0s" in answer.out


def test_a_rebuilt_ledger_has_nothing_that_is_not_the_present_version(
    disaster: Disaster, verify: Verify
) -> None:
    disaster.put("dog.jpg", data=OTHER)
    disaster.delete("small.jpg")
    disaster.delete_variant(stored_key("cat.jpg", "w64.webp"))
    disaster.put_variant(stored_key("cat.jpg/2.jpg", "w64.webp"), b"x")
    disaster.put("square.jpg", data=PICTURE, recipe="square", focal="0.9,0.9")
    disaster.put_variant(manifest_key("été noir.jpg"), b"{}")
    disaster.empty_lanes()
    disaster.lose_ledger()

    rebuilt = verify("--rebuild-ledger", "--yes")

    outcomes = {name: each["example"] for name, each in rebuilt.document["outcomes"].items()}
    assert outcomes == {
        "source replaced": "dog.jpg",
        "objects missing": "cat.jpg",
        "objects differ": "cat.jpg/2.jpg",
        "other version": "square.jpg",
        "no manifest": outcomes["no manifest"],
    }
    assert disaster.items() == []
    _repair(verify, disaster)
    assert disaster.state() == disaster.oracle()


def test_a_rebuild_never_changes_an_entry_that_a_worker_has_written(
    disaster: Disaster, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    disaster.lose_ledger()
    written = list[bool]()

    def beaten(ledger: Ledger, *given: Any, **named: Any) -> bool:  # noqa: ANN401 - passed on
        # Between the rebuild's last read and its write, a worker finishes the replaced source.
        disaster.put("dog.jpg", data=OTHER)
        with redirect_stdout(io.StringIO()):
            disaster.work()
        written.append(add_published(ledger, *given, **named))
        return written[-1]

    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "add_published", beaten)
        answer = verify("--rebuild-ledger", "--yes", "--prefix", "dog")

    assert answer.document["outcomes"]["entry appeared"]["count"] == 1
    _repair(verify, disaster)
    assert written == [False]
    assert disaster.state() == disaster.oracle()


def test_an_interrupted_rebuild_says_how_far_it_is_and_is_continued(
    disaster: Disaster, pixfleet: RunCommand, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    disaster.lose_ledger()
    rebuild = Rebuild.rebuild

    def interrupted(self: Rebuild, key: str) -> RebuildOutcome:
        if key == "square.jpg":
            raise KeyboardInterrupt
        return rebuild(self, key)

    with monkeypatch.context() as patch:
        patch.setattr(Rebuild, "rebuild", interrupted)
        stopped = pixfleet("verify", "--rebuild-ledger", "--yes", "--grace", "0s")
    continued = verify("--rebuild-ledger", "--yes")

    assert stopped.code == 130
    assert "the same command does the rest" in stopped.err
    assert continued.document["outcomes"]["rebuilt"]["count"] < 6
    assert {"square.jpg", "cat.jpg"} <= {each["key"]["S"] for each in disaster.items()}


def test_lost_variants_are_made_again(disaster: Disaster, verify: Verify) -> None:
    before = disaster.state()
    disaster.lose_variants()

    enqueued = _repair(verify, disaster)

    assert enqueued == 6
    assert disaster.state() == before


def test_a_replica_of_the_sources_takes_their_place_without_a_render(
    disaster: Disaster, verify: Verify, clients: Clients, stack: LocalStack
) -> None:
    before = disaster.state()
    replica = disaster.lose_sources()
    refused = verify("--repair", "--yes")
    stored = disaster.stored()
    clients.s3.create_bucket(Bucket=stack.sources_bucket)
    for key, data, metadata in replica:
        disaster.put(key, data=data, **metadata)

    agreed = verify()

    assert (refused.code, stored) == (1, before[0])
    assert "NoSuchBucket" in refused.err
    assert {*_reasons(agreed)} == {"source dropped again"}  # the rejected one
    assert _repair(verify, disaster) == 1
    assert disaster.state() == before


def test_an_empty_bucket_in_place_of_a_lost_one_removes_nothing(
    verify: Verify, stack: LocalStack, clients: Clients
) -> None:
    for number in range(101):
        item: dict[str, Value] = {"key": f"{number}.jpg", "status": "published", "schema": 1}
        clients.dynamodb.put_item(TableName=stack.ledger_table, Item=to_item(item))

    answer = verify("--repair", "--yes")

    url = clients.sqs.get_queue_url(QueueName=stack.bulk_queue)["QueueUrl"]
    assert answer.code == 2
    assert "would remove the variants of 101 keys" in answer.err
    assert "Messages" not in clients.sqs.receive_message(QueueUrl=url)


def test_a_bad_recipe_is_rolled_back_and_only_what_it_made_is_made_again(
    disaster: Disaster, pixfleet: RunCommand, verify: Verify
) -> None:
    good = disaster.state()
    bad = json.loads(json.dumps(RECIPES))
    bad["recipes"][0]["variants"][0]["widths"] = [16]
    disaster.deploy(bad)
    pixfleet("backfill", "enqueue", "--only", "stale", "--prefix", "cat", "--no-wait", "--yes")
    disaster.work()
    made_badly = [key for key, each in good[0].items() if disaster.stored().get(key) != each]
    disaster.deploy(RECIPES)

    planned = pixfleet("backfill", "enqueue", "--only", "stale", "--dry-run", "--json")
    pixfleet("backfill", "enqueue", "--only", "stale", "--no-wait", "--yes")
    disaster.work()

    assert made_badly
    assert planned.document["images"] == 2
    assert disaster.state() == good
    assert verify().document["differences"] == 0


def test_an_emptied_queue_is_filled_again_from_the_buckets(
    disaster: Disaster, verify: Verify
) -> None:
    disaster.put("new.jpg", data=PICTURE)
    disaster.put("dog.jpg", data=OTHER)
    disaster.delete("small.jpg")
    disaster.empty_lanes()

    enqueued = _repair(verify, disaster)

    assert enqueued == 3
    assert disaster.state() == disaster.oracle()


def _reasons(answer: CommandResult) -> dict[str, list[str]]:
    return {each["reason"]: each["examples"] for each in answer.document["reasons"]}
