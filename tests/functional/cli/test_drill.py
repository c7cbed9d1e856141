from collections.abc import Callable, Iterator

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.drill.drill import Drill
from scripts.pixfleet.drill.site import Ground
from scripts.pixfleet.drill.step import Line
from scripts.pixfleet.stack.clients import AwsClients
from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.model.recipe_reader import read_recipes
from tests.functional.cli.conftest import Type
from tests.functional.conftest import RECIPES

pytestmark = pytest.mark.functional

PREFIX = "_drill/test/"


@pytest.fixture(name="exercise")
def _exercise(stack: LocalStack, work_off: Callable[..., None]) -> Drill:
    """Give a drill during whose pauses the worker works."""
    ground = Ground(stack.document(), AwsClients(), SystemClock(), PREFIX, read_recipes(RECIPES))
    return Drill(ground, pause=work_off)


def soon(seconds: float = 30.0) -> Deadline:
    return Deadline.after(seconds, SystemClock())


def carried_out(exercise: Drill) -> tuple[list[Line], list[Line]]:
    found = list(exercise.run(soon(), lambda _: None))
    return found, list(exercise.clean(soon()))


def wrong(lines: list[Line]) -> list[str]:
    return [line.what for line in lines if line.is_right is False]


def versions(clients: Clients, stack: LocalStack) -> Iterator[str]:
    told = clients.s3.list_object_versions(Bucket=stack.sources_bucket)
    yield from (
        each["Key"] for each in (*told.get("Versions", ()), *told.get("DeleteMarkers", ()))
    )


def letters(clients: Clients, stack: LocalStack) -> list[str]:
    url = clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    told = clients.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )
    return [each["Body"] for each in told.get("Messages", [])]


def test_each_file_lands_where_the_runbook_says_and_nothing_stays(
    exercise: Drill, clients: Clients, stack: LocalStack
) -> None:
    found, cleaned = carried_out(exercise)

    assert not wrong(found + cleaned)
    assert {line.found for line in found} >= {"too_many_pixels", "not_an_image", "published"}
    assert not list(versions(clients, stack))
    stored = clients.s3.list_objects_v2(Bucket=stack.variants_bucket)["Contents"]
    assert [each["Key"].split("/")[0] for each in stored] == ["_recipes"]
    assert not letters(clients, stack)


def test_dead_letters_of_others_stay_and_can_be_received_at_once(
    exercise: Drill, clients: Clients, stack: LocalStack
) -> None:
    url = clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    for number in range(12):
        clients.sqs.send_message(QueueUrl=url, MessageBody=f"another {number}")

    found, cleaned = carried_out(exercise)

    assert not wrong(found + cleaned)
    assert len(letters(clients, stack)) == 10


def test_a_fleet_that_does_nothing_differs_everywhere(
    exercise: Drill, clients: Clients, stack: LocalStack
) -> None:
    exercise.pause = lambda: None

    found = list(exercise.run(soon(0.2), lambda _: None))
    cleaned = list(exercise.clean(soon(0.2)))

    assert len(wrong(found)) == 8
    assert all(line.found == "nothing" for line in found[:4])
    assert not wrong(cleaned)
    assert not list(versions(clients, stack))


def test_a_wrong_cause_differs(
    exercise: Drill, monkeypatch: pytest.MonkeyPatch, work_off: Callable[..., None]
) -> None:
    good, *others = exercise.files
    exercise.files = [good, *(type(each)(each.name, good.data, each.causes) for each in others)]

    found = list(exercise.run(soon(2), lambda _: None))

    assert len(wrong(found)) == 6
    assert found[1].found == "published"


def test_a_prefix_that_no_recipe_matches_is_refused(
    type_: Type, clients: Clients, stack: LocalStack
) -> None:
    key = stack.recipes_key
    narrow = (
        '{"version": 1, "recipes": [{"name": "jpegs", "match": {"suffixes": [".jpg"]}, '
        '"variants": [{"widths": [32], "formats": ["webp"]}]}]}'
    )
    clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=narrow.encode())

    answer = type_("drill")

    assert answer.code == 2
    assert "good.png: expected a recipe that matches it, got none" in answer.err
    assert not list(versions(clients, stack))


def test_a_dry_run_drops_nothing(type_: Type, clients: Clients, stack: LocalStack) -> None:
    answer = type_("drill", "--dry-run", "--json")

    assert answer.code == 0
    assert [each["expected"] for each in answer.document["lines"]] == [
        "published",
        "corrupt or truncated",
        "too_many_pixels or too_costly",
        "not_an_image",
    ]
    assert not list(versions(clients, stack))


def test_ctrl_c_cleans_up(
    type_: Type,
    clients: Clients,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
    work_off: Callable[..., None],
) -> None:
    pauses = iter([KeyboardInterrupt])

    def pause(_seconds: float) -> None:
        work_off()
        for interruption in pauses:
            raise interruption

    monkeypatch.setattr("scripts.pixfleet.commands.drill.time.sleep", pause)

    answer = type_("drill")

    assert answer.code == 130
    assert answer.err.rstrip().endswith("Stopped.")
    assert not list(versions(clients, stack))
    assert not letters(clients, stack)


def test_what_differs_ends_with_three(type_: Type, clients: Clients, stack: LocalStack) -> None:
    answer = type_("drill", "--timeout", 1, "--json")

    assert answer.code == 3
    assert answer.document["wrong"] == 8
    assert not list(versions(clients, stack))
