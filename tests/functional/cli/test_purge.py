"""`pixfleet purge` sends keys to the purge queue, within the month's budget."""

import pytest
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack, create_serving
from scripts.pixfleet.stack.ssm_parameter import Purge
from shared.clock import SystemClock
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving, month_of
from shared.events import purge
from shared.model.invalidation_paths import paths_of
from tests.functional.cli.conftest import RunCommand
from tests.support.awkward import KEYS
from tests.support.fakes import ONE_ATTEMPT

pytestmark = pytest.mark.functional

QUEUE, TABLE, BUDGET = "pixfleet-purge", "pixfleet-serving", 1000
KEY = "cats/tabby.jpg"


@pytest.fixture(name="queues", autouse=True)
def _queues(stack: LocalStack, clients: Clients) -> Queues:
    """Give the stack a purge queue."""
    create_serving(clients.dynamodb, TABLE)
    clients.sqs.create_queue(QueueName=QUEUE)
    document = structs.replace(stack.document(), purge=Purge(QUEUE, BUDGET), serving_table=TABLE)
    clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )
    return Queues(clients.sqs, ONE_ATTEMPT)


def sent(queues: Queues) -> list[purge.PurgeRequest]:
    raw = queues.receive(QUEUE, wait_seconds=0, hide_seconds=30)
    return [purge.read(each["Body"]) for each in raw]


def spend(clients: Clients, paths: int) -> None:
    clock = SystemClock()
    serving = Serving(clients.dynamodb, ONE_ATTEMPT, TABLE, clock)
    assert serving.spend_paths(month_of(clock.now()), paths, BUDGET)


def test_keys_are_sent_now_and_in_a_minute(pixfleet: RunCommand, queues: Queues) -> None:
    answer = pixfleet("purge", KEY, "b.jpg", "--yes")

    assert answer.code == 0
    assert answer.out.startswith("Asked for a purge of 2 keys, now and in a minute again.")
    assert sorted(each.key for each in sent(queues)) == ["b.jpg", KEY]
    assert queues.depth(QUEUE).delayed == 2


def test_json_says_what_was_sent(pixfleet: RunCommand, clients: Clients) -> None:
    spend(clients, 7)

    document = pixfleet("purge", KEY, "--yes", "--json").document

    assert document == {
        "keys": [KEY],
        "everything": False,
        "paths": list(paths_of(KEY)),
        "paths_needed": 2 * len(paths_of(KEY)),
        "paths_spent": 7,
        "monthly_paths": BUDGET,
        "sent": 1,
    }


def test_a_dry_run_sends_nothing(pixfleet: RunCommand, queues: Queues) -> None:
    answer = pixfleet("purge", KEY, "--dry-run")

    assert (answer.code, answer.out) == (0, f"1 key would be purged.\n  {KEY}\n")
    assert sent(queues) == []


def test_without_a_terminal_it_wants_to_be_told(pixfleet: RunCommand, queues: Queues) -> None:
    answer = pixfleet("purge", KEY)

    assert answer.code == 2
    assert "--yes" in answer.err
    assert sent(queues) == []


def test_all_is_one_message(pixfleet: RunCommand, queues: Queues) -> None:
    assert pixfleet("purge", "--all", "--yes").code == 0

    assert sent(queues) == [purge.PurgeRequest("", is_everything=True)]
    assert queues.depth(QUEUE).delayed == 0


def test_a_prefix_is_the_sources_that_have_it(
    pixfleet: RunCommand, queues: Queues, clients: Clients, stack: LocalStack
) -> None:
    for key in ("cats/1.jpg", "cats/2.jpg", "dogs/1.jpg"):
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=b"x")

    assert pixfleet("purge", "--prefix", "cats/", "--yes").code == 0

    assert sorted(each.key for each in sent(queues)) == ["cats/1.jpg", "cats/2.jpg"]


def test_a_prefix_of_many_sources_is_everything(
    pixfleet: RunCommand, queues: Queues, clients: Clients, stack: LocalStack
) -> None:
    for number in range(101):
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=f"cats/{number}.jpg", Body=b"x")

    answer = pixfleet("purge", "--prefix", "cats/", "--yes")

    assert answer.out.startswith("Asked for a purge of everything")
    assert sent(queues) == [purge.PurgeRequest("", is_everything=True)]


def test_a_prefix_that_no_source_has_is_nothing(pixfleet: RunCommand, queues: Queues) -> None:
    answer = pixfleet("purge", "--prefix", "none/", "--yes")

    assert (answer.code, answer.out) == (0, "No source has such a key.\n")
    assert sent(queues) == []


@pytest.mark.parametrize(
    "arguments", [(), (KEY, "--all"), ("--all", "--prefix", "a"), (KEY, "--prefix", "a"), ("",)]
)
def test_keys_are_named_in_one_way(pixfleet: RunCommand, arguments: tuple[str, ...]) -> None:
    assert pixfleet("purge", *arguments, "--yes").code == 2


def test_beyond_the_budget_nothing_is_sent(
    pixfleet: RunCommand, queues: Queues, clients: Clients
) -> None:
    spend(clients, BUDGET - 1)

    answer = pixfleet("purge", KEY, "--yes")

    assert answer.code == 3
    assert answer.out.startswith("Nothing was sent: 999 of the month's 1,000 paths are spent")
    assert sent(queues) == []
    assert pixfleet("purge", "--all", "--yes").code == 0


@pytest.mark.parametrize(
    ("keys", "needed"),
    [((KEY,), 4), ((KEY, "b.jpg"), 8), (("cats/(1).jpg",), 8), (("cats",), 6)],
    ids=["one", "two", "two spellings", "no suffix"],
)
def test_every_path_that_would_be_sent_counts(
    pixfleet: RunCommand,
    queues: Queues,
    clients: Clients,
    keys: tuple[str, ...],
    needed: int,
) -> None:
    spend(clients, BUDGET - needed + 1)

    refused = pixfleet("purge", *keys, "--yes", "--json")

    assert refused.code == 3
    assert refused.document["paths_needed"] == needed
    assert sent(queues) == []
    serving = Serving(clients.dynamodb, ONE_ATTEMPT, TABLE, SystemClock())
    serving.spend_paths(month_of(SystemClock().now()), -1, BUDGET)
    assert pixfleet("purge", *keys, "--yes").code == 0


def test_a_stack_without_a_purge_queue_is_refused(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    document = stack.document()
    clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )

    answer = pixfleet("purge", KEY, "--yes")

    assert answer.code == 2
    assert "delivery.purge" in answer.err


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_any_key_is_sent_as_it_is(pixfleet: RunCommand, queues: Queues, key: str) -> None:
    assert pixfleet("purge", "--yes", "--", key).code == 0

    assert [each.key for each in sent(queues)] == [key]


def test_status_shows_purges(pixfleet: RunCommand, clients: Clients, queues: Queues) -> None:
    spend(clients, 12)
    queues.send(QUEUE, purge.write(KEY), {})

    answer, document = pixfleet("status"), pixfleet("status", "--json").document

    assert "Purges: 12 of the month's 1,000 paths spent, 1 message waiting." in answer.out
    assert document["purges"] == {"paths_spent": 12, "monthly_paths": BUDGET, "waiting": 1}


def test_status_says_that_the_budget_is_spent(pixfleet: RunCommand, clients: Clients) -> None:
    spend(clients, BUDGET)

    assert "The budget is spent" in pixfleet("status").out


def test_status_of_a_stack_without_purges_says_nothing_of_them(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    document = stack.document()
    clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )

    assert "Purges" not in pixfleet("status").out
    assert pixfleet("status", "--json").document["purges"] is None
