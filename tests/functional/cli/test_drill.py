import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.commands.drill import carry_out
from scripts.pixfleet.drill.drill import Drill
from scripts.pixfleet.drill.site import Site
from scripts.pixfleet.drill.step import Step
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.terminal.console import Console
from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.model.recipe_reader import read_recipes
from tests.functional.cli.conftest import RunCommand
from tests.functional.conftest import RECIPES

pytestmark = pytest.mark.functional

PREFIX = "_drill/test/"


@pytest.fixture(name="drill")
def _drill(stack: LocalStack, run_worker: Callable[..., None]) -> Drill:
    """Give a drill that lets the worker run while it waits."""
    site = Site(stack.document(), AwsClients(), SystemClock(), PREFIX, read_recipes(RECIPES))
    return Drill(site, pause=run_worker)


def soon(seconds: float = 30.0) -> Deadline:
    return Deadline.after(seconds, SystemClock())


def run_and_clean(drill: Drill) -> tuple[list[Step], list[Step]]:
    found = list(drill.run(soon(), lambda _: None))
    return found, list(drill.clean(soon()))


def wrong(steps: list[Step]) -> list[str]:
    return [step.what for step in steps if step.is_right is False]


def versions(clients: Clients, stack: LocalStack) -> Iterator[str]:
    listed = clients.s3.list_object_versions(Bucket=stack.sources_bucket)
    yield from (
        each["Key"] for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
    )


def dead_letters(clients: Clients, stack: LocalStack) -> list[str]:
    url = clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    listed = clients.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )
    return [each["Body"] for each in listed.get("Messages", [])]


def test_every_file_has_the_expected_outcome_and_nothing_is_left(
    drill: Drill, clients: Clients, stack: LocalStack
) -> None:
    found, cleaned = run_and_clean(drill)

    assert not wrong(found + cleaned)
    assert {step.found for step in found} >= {"too_many_pixels", "not_an_image", "published"}
    assert not list(versions(clients, stack))
    stored = clients.s3.list_objects_v2(Bucket=stack.variants_bucket)["Contents"]
    assert [each["Key"].split("/")[0] for each in stored] == ["_recipes"]
    assert not dead_letters(clients, stack)


LAZY = {
    "version": 1,
    "recipes": [
        {
            "name": "lazy",
            # The widest rungs are wider than the file of a drill, so that all but one are copies.
            "variants": [
                {"widths": [32, 8000, 8001], "formats": ["webp", "fallback"], "lazy": ["webp"]}
            ],
        }
    ],
}


def test_lazy_files_and_copies_are_not_missing(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment = stack.worker_environment() | {
        "PIXFLEET_ON_DEMAND": "true",
        "PIXFLEET_SERVING_TABLE": "serving",
    }
    monkeypatch.setattr(LocalStack, "worker_environment", lambda _: environment)
    request.getfixturevalue("clients").s3.put_object(
        Bucket=stack.variants_bucket, Key=stack.recipes_key, Body=json.dumps(LAZY).encode()
    )
    run_worker = request.getfixturevalue("run_worker")
    site = Site(stack.document(), AwsClients(), SystemClock(), PREFIX, read_recipes(LAZY))
    drill = Drill(site, pause=run_worker)

    found, cleaned = run_and_clean(drill)

    assert not wrong(found + cleaned)
    assert "2 and a manifest" in {step.found for step in found}


def test_other_dead_letters_stay_in_the_queue_and_are_visible_at_once(
    drill: Drill, clients: Clients, stack: LocalStack
) -> None:
    url = clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    for number in range(12):
        clients.sqs.send_message(QueueUrl=url, MessageBody=f"another {number}")

    found, cleaned = run_and_clean(drill)

    assert not wrong(found + cleaned)
    assert len(dead_letters(clients, stack)) == 10


def test_without_a_worker_every_step_differs(
    drill: Drill, clients: Clients, stack: LocalStack
) -> None:
    drill.pause = lambda: None

    found = list(drill.run(soon(0.2), lambda _: None))
    cleaned = list(drill.clean(soon(0.2)))

    assert len(wrong(found)) == 8
    assert all(step.found == "nothing" for step in found[:4])
    assert not wrong(cleaned)
    assert not list(versions(clients, stack))


def test_a_wrong_cause_differs(
    drill: Drill,
) -> None:
    good, *others = drill.files
    drill.files = [good, *(type(each)(each.name, good.data, each.causes) for each in others)]

    found = list(drill.run(soon(2), lambda _: None))

    assert len(wrong(found)) == 6
    assert found[1].found == "published"


def test_a_prefix_that_no_recipe_matches_is_refused(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    key = stack.recipes_key
    narrow = (
        '{"version": 1, "recipes": [{"name": "jpegs", "match": {"suffixes": [".jpg"]}, '
        '"variants": [{"widths": [32], "formats": ["webp"]}]}]}'
    )
    clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=narrow.encode())

    answer = pixfleet("drill")

    assert answer.code == 2
    assert "good.png: expected a recipe that matches it, got none" in answer.err
    assert not list(versions(clients, stack))


def test_a_dry_run_uploads_nothing(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    answer = pixfleet("drill", "--dry-run", "--json")

    assert answer.code == 0
    assert [each["expected"] for each in answer.document["lines"]] == [
        "published",
        "corrupt or truncated",
        "too_many_pixels or too_costly",
        "not_an_image",
    ]
    assert not list(versions(clients, stack))


def test_ctrl_c_cleans_up(
    drill: Drill, clients: Clients, stack: LocalStack, run_worker: Callable[..., None]
) -> None:
    interruptions = iter([KeyboardInterrupt])

    def pause() -> None:
        run_worker()
        for interruption in interruptions:
            raise interruption

    drill.pause = pause

    with pytest.raises(KeyboardInterrupt):
        carry_out(drill, Console(), timeout=30)

    assert not list(versions(clients, stack))
    assert not dead_letters(clients, stack)


def test_a_difference_ends_with_exit_code_3(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    answer = pixfleet("drill", "--timeout", 1, "--json")

    assert answer.code == 3
    assert answer.document["wrong"] == 8
    assert not list(versions(clients, stack))


def test_a_drill_under_another_prefix_is_recognised_and_left_alone(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    answer = pixfleet("drill", "--dry-run", "--prefix", "photos", "--json")

    assert all(each["what"].startswith("photos/_drill/") for each in answer.document["lines"])


def test_a_refused_alarm_is_unknown_and_the_rest_is_compared(
    drill: Drill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeAlarms")

    monkeypatch.setattr("scripts.pixfleet.drill.drill.alarms_of", refuse)

    found, cleaned = run_and_clean(drill)

    assert not wrong(found + cleaned)
    assert [step.what for step in found + cleaned if not step.is_known] == [
        "alarm on new dead letters"
    ]


def test_each_part_is_cleaned_up_although_another_is_refused(
    drill: Drill, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(drill.run(soon(), lambda _: None))
    remove = drill.site.remove_sources
    refusals = iter([ClientError({"Error": {"Code": "SlowDown"}}, "DeleteObject")] * 3)

    def refuse_at_first() -> bool:
        for refusal in refusals:
            raise refusal
        return remove()

    monkeypatch.setattr(drill.site, "remove_sources", refuse_at_first)
    cleaned = list(drill.clean(soon()))

    assert not wrong(cleaned)
    assert not list(versions(clients, stack))


def test_an_interrupted_upload_leaves_neither_a_file_nor_a_delete_marker(
    drill: Drill, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = drill.site.clients.s3.put_object
    calls = iter(range(9))

    def put_and_interrupt(**given: Any) -> Any:  # noqa: ANN401 - boto3's
        if next(calls) == 1:
            put(**given)  # S3 has stored it, and nobody hears of it
        if given["Key"].endswith("corrupt.png"):
            raise KeyboardInterrupt
        return put(**given)

    monkeypatch.setattr(drill.site.clients.s3, "put_object", put_and_interrupt)

    with pytest.raises(KeyboardInterrupt):
        carry_out(drill, Console(), timeout=5)

    assert not list(versions(clients, stack))
    assert not dead_letters(clients, stack)


def test_dead_letters_that_another_process_holds_are_not_called_missing(
    drill: Drill, clients: Clients, stack: LocalStack
) -> None:
    url = clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    work = drill.pause

    def pause() -> None:
        work()
        clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)

    drill.pause = pause

    found, cleaned = list(drill.run(soon(3), lambda _: None)), list(drill.clean(soon(3)))

    unknown = [step for step in found + cleaned if not step.is_known]
    assert not wrong(found + cleaned)
    assert [step.what for step in unknown][-1] == "their dead letters"
    assert "3 of them with another process" in unknown[0].found
    assert not drill.are_dead_letters_gone
