import json
from pathlib import Path

import pytest
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.discovery import StackName, find_stack
from scripts.pixfleet.stack.ssm_parameter import read_stack
from scripts.pixfleet.stack.stack_recipes import stack_recipes
from shared.model.errors import Misconfigured
from shared.model.recipe import Slot
from tests.functional.cli.conftest import RunCommand
from tests.support.fakes import client_error
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.functional


def test_a_stack_is_found_by_its_prefix(stack: LocalStack) -> None:
    found = find_stack(StackName("pixfleet"), AwsClients())

    assert found == stack.document()


def test_a_stack_is_found_in_a_file_of_terraform_outputs(
    stack: LocalStack, tmp_path: Path
) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(f'{{"stack": {{"sensitive": false, "value": {stack.document().document()}}}}}')

    found = find_stack(StackName(str(file)), AwsClients())

    assert found == stack.document()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"stack": {}}'])
def test_a_file_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="does not describe a stack"):
        read_stack(text, where="it")


def test_a_stack_of_another_schema_is_refused(stack: LocalStack) -> None:
    newer = stack.document().document().replace('"schema":1', '"schema":2')

    with pytest.raises(Misconfigured, match="expected schema 1, got 2"):
        read_stack(newer, where="it")


def put_stack(clients: Clients, prefix: str) -> None:
    clients.ssm.put_parameter(Name=f"/pixfleet/{prefix}", Value="{}", Type="String")


def test_an_unknown_stack_is_refused_with_those_that_there_are(
    stack: LocalStack, clients: Clients
) -> None:
    put_stack(clients, "photos-staging")

    with pytest.raises(Misconfigured) as refused:
        find_stack(StackName("photo-staging", "--stack"), AwsClients())

    text = str(refused.value)
    assert text.startswith("No stack named photo-staging in us-east-1 (--stack):")
    assert "there are photos-staging, pixfleet" in text
    assert "did you mean --stack photos-staging?" in text
    assert "--region" in text


def test_an_account_without_a_stack_is_named(stack: LocalStack, clients: Clients) -> None:
    clients.ssm.delete_parameter(Name="/pixfleet/pixfleet")

    with pytest.raises(Misconfigured, match="this account has no stack in this region"):
        find_stack(StackName("pixfleet"), AwsClients())


def test_many_stacks_are_not_all_listed(stack: LocalStack, clients: Clients) -> None:
    for number in range(30):
        put_stack(clients, f"stack-{number:02}")

    with pytest.raises(Misconfigured, match="stack-18 and 11 more"):
        find_stack(StackName("nothing-like-it"), AwsClients())


def test_a_refused_list_of_stacks_still_says_what_was_expected(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: AwsClients) -> list[str]:
        raise client_error("AccessDeniedException", 400)

    monkeypatch.setattr("scripts.pixfleet.stack.discovery.stacks_in_account", refuse)

    with pytest.raises(Misconfigured) as refused:
        find_stack(StackName("other"), AwsClients())

    assert "which stacks there are could not be read: You may not" in str(refused.value)
    assert "expected the SSM parameter /pixfleet/other" in str(refused.value)


def test_a_bare_word_is_a_prefix_even_if_a_folder_has_that_name(
    stack: LocalStack, pixfleet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pixfleet").mkdir()
    (tmp_path / "other").mkdir()

    found, unknown = (pixfleet("status", "--stack", name) for name in ("pixfleet", "other"))
    not_typed = pixfleet("status")

    assert found.code == not_typed.code == 3  # its lane holds the test event of S3
    assert "This is the stack" not in not_typed.err
    assert "This is the stack pixfleet of us-east-1." in found.err
    assert "--stack ./pixfleet" in found.err
    assert unknown.code == 2
    assert "type --stack ./other" in unknown.err


@pytest.mark.parametrize("name", ["./nothing", "/nothing/at/all", "no/folder", "nothing.json"])
def test_a_path_is_never_a_prefix(name: str, stack: LocalStack) -> None:
    with pytest.raises(Misconfigured, match="a path was taken, and no prefix"):
        find_stack(StackName(name), AwsClients())


def test_shared_options_may_stand_before_the_command(
    stack: LocalStack, pixfleet: RunCommand, tmp_path: Path
) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(stack.document().document())
    words = ("--stack", file, "--region", "us-east-1", "--json")

    before, after = pixfleet(*words, "status"), pixfleet("status", *words)
    between = pixfleet("--stack", "nothing", "dlq", *words[:4], "groups", "--json")
    last = pixfleet("--stack", "nothing", "status", "--stack", file, "--json")

    assert (before.code, after.code, between.code, last.code) == (3, 3, 0, 3)
    assert before.document["word"] == after.document["word"] == last.document["word"] == "trouble"
    assert between.document["groups"] == []


def test_options_before_the_command_are_repeated_in_what_it_suggests(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand
) -> None:
    clients.sqs.send_message(
        QueueUrl=clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"],
        MessageBody="no JSON",
    )

    answer = pixfleet("--region", "us-east-1", "status")

    assert "Next: pixfleet doctor --region us-east-1" in answer.out
    assert "Then: pixfleet dlq groups --region us-east-1" in answer.out


def test_a_context_finds_the_stack_and_its_region(
    stack: LocalStack, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    pixfleet("context", "add", "here", "--stack", "pixfleet", "--region", "us-east-1")

    assert pixfleet("status").code == 3
    assert pixfleet("--context", "here", "status").code == 3
    assert pixfleet("status", "--stack", "pixfleet").code == 2  # looked for in eu-north-1


def test_aws_region_is_heard_before_aws_default_region(
    stack: LocalStack, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    assert pixfleet("status").code == 3


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
    described = structs.replace(stack.document(), environment=environment)

    (found,) = stack_recipes(described, objects_of(described, AwsClients())).recipes

    assert found.lazy_names() == lazy
