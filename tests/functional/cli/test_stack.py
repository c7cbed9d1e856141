import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.discovery import find_stack
from scripts.pixfleet.stack.ssm_parameter import read_stack
from scripts.pixfleet.stack.stack_recipes import stack_recipes
from shared.model.errors import Misconfigured
from shared.model.recipe import Slot
from tests.functional.cli.conftest import RunCommand
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.functional


def test_a_stack_is_found_by_its_prefix(stack: LocalStack) -> None:
    found = find_stack("pixfleet", AwsClients())

    assert found == stack.document()


def test_a_stack_is_found_in_a_file_of_terraform_outputs(
    stack: LocalStack, tmp_path: Path
) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(f'{{"stack": {{"sensitive": false, "value": {stack.document().document()}}}}}')

    found = find_stack(str(file), AwsClients())

    assert found == stack.document()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"stack": {}}'])
def test_a_file_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="does not describe a stack"):
        read_stack(text, where="it")


def test_a_stack_of_another_schema_is_refused(stack: LocalStack) -> None:
    newer = stack.document().document().replace('"schema":1', '"schema":2')

    with pytest.raises(Misconfigured, match="expected schema 1, got 2"):
        read_stack(newer, where="it")


def test_an_unknown_stack_is_refused_with_the_options_to_use(stack: LocalStack) -> None:
    with pytest.raises(Misconfigured, match=r"No stack named other in us-east-1:[\s\S]*--stack"):
        find_stack("other", AwsClients())


@pytest.mark.parametrize(
    ("key", "lane"), [("bulk/cat.jpg", "bulk"), ("cat.jpg", "live"), ("bulk", "live")]
)
def test_a_key_belongs_to_the_lane_with_its_prefix(stack: LocalStack, key: str, lane: str) -> None:
    assert stack.document().lane_of(key) == lane


def test_suggested_commands_repeat_the_options_of_the_stack(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    file = tmp_path / "my outputs.json"
    file.write_text(stack.document().document())
    options = f"--stack '{file}' --region us-east-1"
    clients.sqs.send_message(
        QueueUrl=clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"],
        MessageBody="no JSON",
    )

    answer = pixfleet("dlq", "groups", "--stack", file, "--region", "us-east-1")

    lines = [line for line in answer.out.splitlines() if "pixfleet " in line]
    assert lines
    assert all(options in line for line in lines)


@pytest.mark.parametrize(
    ("environment", "lazy"),
    [
        ({}, ()),
        ({"PIXFLEET_ON_DEMAND": "false"}, ()),
        ({"PIXFLEET_ON_DEMAND": "true"}, (("small", Slot.WEBP),)),
    ],
)
def test_recipes_are_lazy_only_where_a_renderer_is(
    stack: LocalStack,
    clients: Clients,
    environment: dict[str, str],
    lazy: tuple[tuple[str, Slot], ...],
) -> None:
    document = recipe_document(recipe(variants=[variant(name="eager"), variant(lazy=True)]))
    clients.s3.put_object(
        Bucket=stack.variants_bucket, Key=stack.recipes_key, Body=json.dumps(document).encode()
    )
    described = replace(stack.document(), environment=environment)

    (found,) = stack_recipes(described, objects_of(described, AwsClients())).recipes

    assert found.lazy_names() == lazy
