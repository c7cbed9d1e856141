"""docs/deploy.md against the stack: its names exist, and its permissions reach all of it."""

import json
import re
from collections.abc import Iterator

import hcl2
import pytest

from scripts.pixfleet.pricing.prices import MILLION
from tests.bench.cost_model import standing, total
from tests.terraform.folders import ROOT, STACK, blocks, folders, plain

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "deploy.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ARGUMENTS_OF_CALLS = {"source", "version", "providers"}
# By the first word of a resource's type, or by two where the first is of several services.
SERVICES = {
    "apigatewayv2": "apigateway",
    "budgets": "budgets",
    "cloudfront": "cloudfront",
    "cloudwatch_composite": "cloudwatch",
    "cloudwatch_dashboard": "cloudwatch",
    "cloudwatch_event": "events",
    "cloudwatch_log": "logs",
    "cloudwatch_metric": "cloudwatch",
    "cloudwatch_query": "logs",
    "dynamodb": "dynamodb",
    "iam": "iam",
    "lambda": "lambda",
    "s3": "s3",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
}
# The keys of maps, which are names of the reader's own.
NAMED_BY_THE_READER = {"lanes": {"bulk", "large", "live"}, "notifications": {"rejections", "shop"}}
COMMANDS = {
    "backfill",
    "doctor",
    "drill",
    "plan",
    "purge",
    "recipes",
    "status",
    "sync",
    "verify",
    "why",
}


def fenced(language: str) -> list[str]:
    return [text for found, text in FENCE.findall(PAGE) if found == language]


def whole_file() -> str:
    (text,) = (text for text in fenced("hcl") if "module " in text)
    return text


def fragments() -> list[str]:
    """Return the fragments to insert into the module block."""
    return [text for text in fenced("hcl") if text.startswith("  ")]


def inputs() -> dict[str, str]:
    return {each.name: plain(each.body["type"]) for each in blocks(STACK, "variable")}


def arguments(text: str) -> dict[str, object]:
    """Return the arguments of a fragment."""
    return {name: value for name, value in hcl2.loads(text).items() if not name.startswith("__")}


def fields(value: object) -> Iterator[str]:
    """Yield the attribute names of nested objects."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if not name.startswith("__"):
                yield plain(name)
                yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def test_the_page_shows_a_whole_file_and_fragments_of_every_option() -> None:
    assert len(fragments()) >= 9
    assert {name for text in fragments() for name in arguments(text)} <= inputs().keys()


@pytest.mark.parametrize("text", fragments(), ids=lambda text: text.split()[0])
def test_every_field_of_an_option_exists(text: str) -> None:
    for name, value in arguments(text).items():
        known = set(re.findall(r"\w+", inputs()[name]))

        assert set(fields(value)) <= known | NAMED_BY_THE_READER.get(name, set())


def test_the_whole_file_calls_the_stack_like_the_minimal_example() -> None:
    (called,) = (block["pixfleet"] for block in quoteless(hcl2.loads(whole_file())["module"]))
    (example,) = blocks(STACK / "examples" / "minimal", "module")

    given = {name for name in called if not name.startswith("__")} - ARGUMENTS_OF_CALLS
    assert given == {n for n in example.body if not n.startswith("__")} - ARGUMENTS_OF_CALLS


def quoteless(found: list[dict[str, dict[str, object]]]) -> list[dict[str, dict[str, object]]]:
    return [{plain(name): body for name, body in block.items()} for block in found]


def test_every_output_in_the_page_exists() -> None:
    outputs = {each.name: str(each.body) for each in blocks(STACK, "output")}
    shown = {plain(name) for each in hcl2.loads(whole_file())["output"] for name in each}

    named = re.findall(r"module\.pixfleet\.(\w+)(?:\.(\w+))?", PAGE)

    assert {name for name, _ in named if name != "module"} <= outputs.keys()
    assert set(re.findall(r"terraform output -raw (\w+)", PAGE)) == shown


def test_every_part_that_is_applied_alone_exists() -> None:
    modules = {each.name for each in blocks(STACK, "module")}

    assert set(re.findall(r"-target=module\.pixfleet\.module\.(\w+)", PAGE)) <= modules


def test_the_permissions_reach_every_kind_of_resource() -> None:
    (text,) = fenced("json")
    allowed = {
        action.split(":")[0]
        for statement in json.loads(text)["Statement"]
        for action in statement["Action"]
    }

    stack = [folder for folder in folders() if "examples" not in folder.parts]
    kinds = {block.labels[0] for folder in stack for block in blocks(folder, "resource")}
    needed = {service_of(kind) for kind in kinds if kind.startswith("aws_")}
    assert needed <= allowed
    # `pixfleet doctor --before-apply` reads Service Quotas.
    assert allowed - {"servicequotas"} <= set(SERVICES.values())


def service_of(kind: str) -> str:
    words = kind.split("_")
    return SERVICES.get("_".join(words[1:3])) or SERVICES[words[1]]


def test_the_permissions_are_a_valid_policy_with_names_where_possible() -> None:
    (text,) = fenced("json")

    *named, last = json.loads(text)["Statement"]

    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    assert all(re.fullmatch("[A-Za-z0-9]+", each["Sid"]) for each in (*named, last))
    assert all(each["Resource"] != "*" for each in named)


def test_the_commands_are_those_of_the_command_line() -> None:
    in_blocks = re.findall(r"^pixfleet (\w+)", "".join(fenced("sh")), re.MULTILINE)
    inline = re.findall(r"`pixfleet (\w+)", PAGE)

    assert {*in_blocks, *inline} == COMMANDS


def test_the_numbers_equal_those_of_the_cost_page() -> None:
    cost = (ROOT / "docs" / "cost.md").read_text()
    (million,) = re.findall(r"\*\*all of it\*\* .*\*\*([\d.]+)\*\*", cost)
    (idle,) = re.findall(r"\*\*all of it, a month\*\* .*\*\*([\d.]+)\*\*", cost)

    assert f"| {million} |" in PAGE
    assert f"| {idle} |" in PAGE
    assert float(idle) == pytest.approx(total(standing()) / MILLION, abs=0.005)


def test_after_the_renderer_is_switched_off_everything_is_repaired() -> None:
    """The copies of equal rungs are not stale before, and a worker stores none before."""
    _, _, after = PAGE.partition("Then set `enabled = false`")
    commands, _, _ = after.partition("If there is no time")

    assert re.findall(r"^(?:terraform|pixfleet) .*", commands, re.MULTILINE) == [
        "terraform apply",
        "pixfleet verify --repair",
    ]
