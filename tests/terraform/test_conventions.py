import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform import tables
from tests.terraform.folders import STACK, Block, blocks, folders, modules, plain, title

pytestmark = pytest.mark.terraform

every_folder = pytest.mark.parametrize("folder", folders(), ids=title)
every_module = pytest.mark.parametrize("folder", modules(), ids=title)
ARGUMENTS = ("description", "type", "default", "nullable", "sensitive", "ephemeral")
LONGEST_FILE = 350


def test_modules_are_found() -> None:
    assert {"ledger", "queue", "storage"} <= {module.name for module in modules()}


@every_folder
def test_variables_and_outputs_are_in_their_files_in_order(folder: Path) -> None:
    for kind in ("variable", "output"):
        found = blocks(folder, kind)

        assert {block.file.name for block in found} <= {f"{kind}s.tf"}
        assert [block.name for block in found] == sorted(block.name for block in found)


@every_folder
def test_a_variable_has_a_description(folder: Path) -> None:
    for variable in blocks(folder, "variable"):
        arguments = [name for name in variable.body if name in ARGUMENTS]

        assert is_sentence(variable), variable.address
        assert arguments == sorted(arguments, key=ARGUMENTS.index), variable.address
        assert "any" not in words(plain(variable.body["type"])), variable.address


@every_folder
def test_a_variable_is_nullable_only_if_null_has_a_meaning(folder: Path) -> None:
    for variable in blocks(folder, "variable"):
        may_be_null = variable.body.get("nullable", True)

        assert may_be_null == (variable.body.get("default", "") is None), variable.address


@every_folder
def test_an_output_has_a_description(folder: Path) -> None:
    assert [output.name for output in blocks(folder, "output") if not is_sentence(output)] == []


@every_folder
def test_the_only_provider_is_that_of_aws(folder: Path) -> None:
    (settings,) = blocks(folder, "terraform")
    (providers,) = settings.body["required_providers"]

    assert settings.file.name == "versions.tf"
    assert plain(settings.body["required_version"]) == ">= 1.9"
    assert {name for name in providers if not name.startswith("__")} == {"aws"}
    assert plain(providers["aws"]["source"]) == "hashicorp/aws"
    assert plain(providers["aws"]["version"]) == ">= 5.100, < 7"


@every_folder
def test_no_region_is_read_by_its_name(folder: Path) -> None:
    """Version 6 of the provider warns of `name`; `id` is in both versions."""
    found = [
        line
        for file in folder.glob("*.tf")
        for line in file.read_text().splitlines()
        if re.search(r"data\.aws_region\.\w+\.name\b", line)
    ]

    assert found == []


# Names of endpoints in AWS China end in amazonaws.com.cn; most service principals do not.
@every_folder
def test_no_endpoint_has_the_suffix_of_one_partition(folder: Path) -> None:
    found = [
        line.strip()
        for file in folder.glob("*.tf")
        for line in file.read_text().splitlines()
        if re.search(r"\}[.]amazonaws[.]com|\}[.]s3[.]amazonaws", line)
    ]

    assert found == []


@every_module
def test_a_module_leaves_the_provider_to_its_caller(folder: Path) -> None:
    assert blocks(folder, "provider") == ()


@every_module
def test_the_files_of_a_module_are_named_after_their_content(folder: Path) -> None:
    assert not (folder / "main.tf").exists()


@every_folder
def test_no_file_is_too_long_to_read(folder: Path) -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in folder.rglob("*.tf")}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


@every_folder
def test_a_single_resource_of_its_type_is_named_this(folder: Path) -> None:
    found = blocks(folder, "resource")
    count = Counter(block.labels[0] for block in found)

    assert [b.address for b in found if b.name == "this" and count[b.labels[0]] > 1] == []


@every_folder
def test_every_statement_of_a_policy_has_a_name(folder: Path) -> None:
    for document in blocks(folder, "data"):
        if document.labels[0] == "aws_iam_policy_document":
            nameless = [each for each in statements(document) if not plain(each.get("sid", ""))]

            assert nameless == [], document.address


@every_folder
def test_a_rules_message_is_a_sentence(folder: Path) -> None:
    for block in blocks(folder):
        for rule in rules(block):
            assert plain(rule["error_message"]).rstrip('")').endswith("."), block.address


@every_folder
def test_every_rule_has_a_test_run_that_violates_it(folder: Path) -> None:
    wanted = Counter({block.address: len(tuple(rules(block))) for block in blocks(folder)})
    refused = Counter(
        plain(address).split("[")[0]
        for run in blocks(folder, "run", "tests/*.tftest.hcl")
        for address in run.body.get("expect_failures", ())
    )

    assert wanted - refused == Counter()


@pytest.mark.parametrize("folder", tables.documented(), ids=title)
def test_the_readme_lists_the_inputs_and_outputs(folder: Path) -> None:
    said, true = tables.written(folder), tables.tables(folder)

    assert said == true, "python -m tests.terraform.tables --write"


def test_every_terraform_file_is_in_a_tested_folder() -> None:
    seen = set(folders())

    assert {file.parent for file in STACK.rglob("*.tf") if ".terraform" not in file.parts} <= seen


def is_sentence(block: Block) -> bool:
    text = plain(block.body.get("description", ""))
    return text.endswith(".") and (text[0].isupper() or text[0] == "`")


def words(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def statements(document: Block) -> Iterator[dict[str, object]]:
    yield from document.body.get("statement", ())
    for dynamic in document.body.get("dynamic", ()):
        for inner in dynamic.values():
            yield from inner["content"]


def rules(block: Block) -> Iterator[dict[str, object]]:
    """Yield the rules: validations, conditions of life cycles and outputs, checks."""
    lives = block.body.get("lifecycle", ()) if block.kind in {"resource", "data"} else ()
    for body in (block.body, *lives):
        for kind in ("validation", "precondition", "postcondition"):
            yield from body.get(kind, ())
    if block.kind == "check":
        yield from block.body.get("assert", ())
