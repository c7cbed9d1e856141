import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.selection import Wanted
from scripts.pixfleet.commands import backfill as commands
from scripts.pixfleet.pricing.averages import DEFAULT_AVERAGES
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.sources import enqueued, put
from tests.support.images import png

pytestmark = pytest.mark.functional

RunWorker = Callable[[str], None]


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="run_worker")
def _quiet_run_worker(run_worker: RunWorker) -> RunWorker:
    """Give a worker whose log lines do not mix with the command's output."""

    def quietly(queue: str) -> None:
        with redirect_stdout(io.StringIO()):
            run_worker(queue)

    return quietly


def test_every_source_under_a_prefix_is_sent_in_messages_of_ten(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    keys = [f"photos/{at:03}.png" for at in range(25)]
    put(clients, stack, [*keys, "other.png"])

    answer = pixfleet("backfill", "enqueue", "--prefix", "photos/", "--no-wait", "--json")

    messages = enqueued(clients, stack)
    assert answer.code == 0
    assert sorted(key for message in messages for key in message) == keys
    assert sorted(map(len, messages)) == [5, 10, 10]
    assert (answer.document["sent"], answer.document["waiting"]) == (25, 25)


def test_the_closing_table_adds_up(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: RunWorker
) -> None:
    put(clients, stack, ["made.png", "current.png"])
    pixfleet("backfill", "enqueue", "--prefix", "current", "--no-wait")
    run_worker(stack.bulk_queue)
    pixfleet("backfill", "enqueue", "--prefix", "current")
    put(clients, stack, ["rejected.png"], b"no image")

    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)
    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--json")

    totals = answer.document
    assert answer.code == 3
    assert [totals[each] for each in ("sent", "made", "current", "rejected")] == [3, 1, 1, 1]
    assert [totals[each] for each in ("failed", "removed", "waiting")] == [0, 0, 0]
    assert not Path(".pixfleet/backfill.sqlite").exists()


@pytest.mark.parametrize(
    ("only", "expected"),
    [("missing", "missing.png"), ("stale", "stale.png"), ("rejected", "rejected.png")],
)
def test_only_sources_in_the_chosen_state_are_sent(
    only: str,
    expected: str,
    pixfleet: RunCommand,
    clients: Clients,
    stack: LocalStack,
    run_worker: RunWorker,
) -> None:
    put(clients, stack, ["current.png", "stale.png"])
    put(clients, stack, ["rejected.png"], b"no image")
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)
    pixfleet("backfill", "enqueue", "--prefix", "")
    put(clients, stack, ["stale.png", "missing.png"], png((8, 8), seed=2))

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--only", only, "--no-wait", "--json")

    assert enqueued(clients, stack) == [[expected]]
    assert answer.document["skipped"]["not_asked_for"]["count"] == 3


def test_a_source_made_by_another_recipe_is_stale(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: RunWorker
) -> None:
    put(clients, stack, ["cat.png"])
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": "cat.png"}},
        UpdateExpression="SET fingerprint = :old",
        ExpressionAttributeValues={":old": {"S": "0123456789abcdef"}},
    )

    answer = pixfleet(
        *("backfill", "enqueue", "--prefix", "", "--only", "stale"),
        *("--restart", "--no-wait", "--json"),
    )

    assert answer.document["sent"] == 1


@pytest.mark.parametrize(
    "change",
    [
        "SET #engine = :text",
        "SET #fingerprint = :text",
        "SET #etag = :text",
        "SET #last_modified = :text",
        "ADD #may_store :names",
    ],
)
def test_a_rejected_source_of_which_anything_has_changed_is_stale(
    change: str, pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: RunWorker
) -> None:
    put(clients, stack, ["changed.png", "rejected.png"], b"no image")
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)
    pixfleet("backfill", "enqueue", "--prefix", "")
    _, name, *_, value = change.split()
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": "changed.png"}},
        UpdateExpression=change,
        ExpressionAttributeNames={name: name[1:]},
        ExpressionAttributeValues={
            value: {"S": "before"} if value == ":text" else {"SS": ["w32.webp"]}
        },
    )

    answer = pixfleet(
        "backfill", "enqueue", "--prefix", "", "--only", "stale", "--no-wait", "--json"
    )

    assert enqueued(clients, stack) == [["changed.png"]]
    assert answer.document["skipped"]["not_asked_for"]["count"] == 1


def test_a_published_source_that_was_only_uploaded_again_is_current(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: RunWorker
) -> None:
    put(clients, stack, ["cat.png"])
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)
    pixfleet("backfill", "enqueue", "--prefix", "")
    clients.dynamodb.update_item(
        TableName=stack.ledger_table,
        Key={"key": {"S": "cat.png"}},
        UpdateExpression="SET last_modified = :older",
        ExpressionAttributeValues={":older": {"S": "2020-01-01T00:00:00+00:00"}},
    )

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait", "--json")

    assert (answer.document["sent"], answer.document["current"]) == (1, 1)


def test_another_selection_is_refused_while_one_is_unfinished(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(clients, stack, ["a.png", "b.png"])
    _kill_at_the_first_message(pixfleet, "a", monkeypatch)

    answer = pixfleet("backfill", "enqueue", "--prefix", "b")

    assert answer.code == 2
    assert "is of another backfill" in answer.err
    assert "--restart" in answer.err


def test_a_page_whose_sending_was_killed_is_sent_again_and_counted_once(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(clients, stack, [f"{at}.png" for at in range(3)])
    _kill_at_the_first_message(pixfleet, "", monkeypatch)

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait", "--json")

    assert answer.document["sent"] == 3
    assert sum(map(len, enqueued(clients, stack))) == 3


def test_a_dry_run_sends_nothing(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    put(clients, stack, ["a.png", "b.png"])

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--dry-run", "--json")

    assert (answer.document["images"], answer.document["made"]) == (2, 2)
    assert answer.document["averages"]["origin"].startswith("docs/cost.md")
    assert not enqueued(clients, stack)
    assert not Path(".pixfleet").exists()


def test_the_estimate_uses_the_averages_of_the_latest_images(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: RunWorker
) -> None:
    put(clients, stack, ["a.png"])
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--dry-run", "--json")

    averages = answer.document["averages"]
    assert averages["origin"] == "the ledger, of the latest 1 images"
    assert averages["objects"] == 3
    assert (answer.document["images"], answer.document["made"]) == (1, 0)


def test_many_images_are_not_sent_without_confirmation(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "POLICY", BackfillPolicy(ask_images=1))
    put(clients, stack, ["a.png", "b.png"])

    refused = pixfleet("backfill", "enqueue", "--prefix", "")
    sent = pixfleet("backfill", "enqueue", "--prefix", "", "--yes", "--no-wait", "--json")

    assert refused.code == 2
    assert "--yes" in refused.err
    assert sent.document["sent"] == 2


def test_the_question_comes_before_a_long_count_and_all_are_sent(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "POLICY", BackfillPolicy(count_seconds=0.0))
    monkeypatch.setattr("scripts.pixfleet.backfill.estimate.COUNT_KEYS", 2)
    put(clients, stack, [f"{at}.png" for at in range(5)])

    counted = pixfleet("backfill", "enqueue", "--prefix", "", "--dry-run", "--json")
    refused = pixfleet("backfill", "enqueue", "--prefix", "")
    sent = pixfleet("backfill", "enqueue", "--prefix", "", "--yes", "--no-wait", "--json")

    assert (counted.document["selected"]["listed"], counted.document["images"]) == (5, 5)
    assert refused.code == 2
    assert "2 and more" in refused.err
    assert "--yes" in refused.err
    assert sent.document["sent"] == 5


def test_no_more_images_are_sent_than_allowed(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    put(clients, stack, [f"{at}.png" for at in range(5)])

    answer = pixfleet(
        "backfill", "enqueue", "--prefix", "", "--max-images", 3, "--no-wait", "--json"
    )

    assert answer.code == 0
    assert sum(map(len, enqueued(clients, stack))) == 3
    assert answer.document["sent"] == 3


def test_no_more_images_are_sent_than_the_dollars_pay_for(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    put(clients, stack, [f"{at}.png" for at in range(5)])
    most_dollars = 2.5 * DEFAULT_AVERAGES.dollars("arm64")

    answer = pixfleet(
        "backfill", "enqueue", "--prefix", "", "--max-dollars", most_dollars, "--no-wait", "--json"
    )

    assert answer.document["sent"] == 2
    assert answer.document["dollars"] <= most_dollars


def test_a_run_stops_after_the_allowed_failures(
    pixfleet: RunCommand,
    clients: Clients,
    stack: LocalStack,
    run_worker: RunWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(clients, stack, [f"{at}.png" for at in range(6)], b"no image")
    send = Enqueue.send

    def send_and_work(self: Enqueue, wanted: list[Wanted]) -> Sequence[str]:
        unread = send(self, wanted)
        run_worker(stack.bulk_queue)
        return unread

    monkeypatch.setattr(Enqueue, "send", send_and_work)
    monkeypatch.setattr(commands, "POLICY", BackfillPolicy(look_seconds=0.0))

    answer = pixfleet(
        *("backfill", "enqueue", "--prefix", "", "--stop-after-failures", 2),
        *("--rate", 2, "--no-wait", "--json"),
    )

    assert answer.code == 3
    assert answer.document["sent"] == 2
    assert answer.document["stopped"].startswith("--stop-after-failures 2: 2 rejected")


def test_a_prefix_an_inventory_or_a_state_is_required(pixfleet: RunCommand) -> None:
    answer = pixfleet("backfill", "enqueue")

    assert answer.code == 2
    assert "--prefix '' is the whole bucket" in answer.err


def test_a_source_without_outcome_and_without_message_has_failed(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "POLICY", BackfillPolicy(look_seconds=0.0, quiet_seconds=0.0))
    put(clients, stack, ["cat.png"])
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    url = clients.sqs.get_queue_url(QueueName=stack.bulk_queue)["QueueUrl"]
    clients.sqs.purge_queue(QueueUrl=url)

    answer = pixfleet("backfill", "enqueue", "--prefix", "")

    assert answer.code == 3
    assert "+ failed         1" in answer.out
    assert "pixfleet dlq groups" in answer.out


def test_images_made_before_the_run_are_not_counted_as_made_by_it(
    pixfleet: RunCommand,
    clients: Clients,
    stack: LocalStack,
    run_worker: RunWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands, "POLICY", BackfillPolicy(look_seconds=0.0, quiet_seconds=0.0))
    put(clients, stack, ["cat.png"])
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    run_worker(stack.bulk_queue)
    put(clients, stack, ["cat.png"], png((8, 8), seed=2))
    pixfleet("backfill", "enqueue", "--prefix", "", "--restart", "--no-wait")
    url = clients.sqs.get_queue_url(QueueName=stack.bulk_queue)["QueueUrl"]
    clients.sqs.purge_queue(QueueUrl=url)

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--json")

    assert (answer.document["made"], answer.document["failed"]) == (0, 1)


def test_a_source_that_was_removed_meanwhile_is_counted_as_that(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: RunWorker
) -> None:
    put(clients, stack, ["cat.png"])
    pixfleet("backfill", "enqueue", "--prefix", "", "--no-wait")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key="cat.png")
    run_worker(stack.bulk_queue)

    answer = pixfleet("backfill", "enqueue", "--prefix", "", "--json")

    assert (answer.document["sent"], answer.document["removed"]) == (1, 1)


class _Killed(BaseException):
    """Ends a process as SIGKILL does: nothing of ours runs after it."""


def _kill_at_the_first_message(
    pixfleet: RunCommand, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(Enqueue, "send", die)
        with pytest.raises(_Killed):
            pixfleet("backfill", "enqueue", "--prefix", prefix, "--no-wait")
