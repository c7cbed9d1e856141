"""What Terraform tells the worker, against what the worker reads; and the figures both have."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts.local.terraform import program
from scripts.pixfleet.stack.recipe_file import RECIPES, recipes_document
from shared.model.errors import Misconfigured
from shared.model.limits import MEBIBYTE, Limits
from shared.settings import MEGABYTES_PER_CPU, SOURCE_SHARE, read_settings
from tests.terraform.folders import ROOT, STACK
from worker.batch import TRIAGE_SECONDS
from worker.context import FETCHED_AHEAD
from worker.reconcile import LEAST_SECONDS

pytestmark = pytest.mark.terraform

NAME = re.compile(r"PIXFLEET_[A-Z_]+")
# Only for a worker that polls, or for a person who looks on.
NOT_FOR_LAMBDA = {
    "PIXFLEET_BATCH_SECONDS",
    "PIXFLEET_LOG",
    "PIXFLEET_POLL_SECONDS",
    "PIXFLEET_QUEUE",
}
# Right as they are: a lease outlives every invocation, and children follow from the memory.
LEFT_ALONE = {"PIXFLEET_LEASE_SECONDS", "PIXFLEET_RENDER_CHILDREN"}


class Asked(Mapping[str, str]):
    """An environment without anything that notes what is looked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def asked() -> tuple[set[str], set[str]]:
    """Return the names that the worker reads, and those that it cannot do without."""
    environment = Asked()
    with pytest.raises(Misconfigured) as refused:
        read_settings(environment)
    required = {problem.partition(":")[0] for problem in refused.value.problems}
    return {name for name in environment.names if NAME.fullmatch(name)}, required


def told(file: str) -> set[str]:
    return set(NAME.findall((STACK / file).read_text()))


def figure(pattern: str, file: str = "checks.tf") -> float:
    found = re.search(pattern, (STACK / file).read_text())
    assert found, f"Expected {pattern} in {file}."
    return float(found.group(1))


def test_the_worker_reads_all_that_it_is_told_and_is_told_all_that_it_reads() -> None:
    read, required = asked()

    assert told("environment.tf") == read - NOT_FOR_LAMBDA - LEFT_ALONE
    assert required <= told("environment.tf")


def test_the_test_of_the_real_environment_has_every_name() -> None:
    assert told("tests/composition.tftest.hcl") == told("environment.tf")


def test_settings_that_are_not_told_are_documented_ones() -> None:
    documented = set(NAME.findall((ROOT / "docs" / "settings.md").read_text()))

    assert told("environment.tf") | NOT_FOR_LAMBDA | LEFT_ALONE <= documented


def test_the_rules_reckon_with_the_programs_own_defaults() -> None:
    limits = Limits()

    assert figure(r"child_memory_mb, (\d+)\)") * MEBIBYTE == limits.memory_bytes
    assert figure(r"max_bytes, (\d+)\)") == limits.max_bytes
    assert figure(r"memory_mb / (\d+)\)") == MEGABYTES_PER_CPU
    assert figure(r"children \+ (\d+)\)") == FETCHED_AHEAD
    assert figure(r"max_bytes <= ([\d.]+) \*") == SOURCE_SHARE
    assert figure(r"render_seconds \+ (\d+)") >= LEAST_SECONDS + TRIAGE_SECONDS


def test_a_timeout_is_long_enough_to_begin_an_image() -> None:
    shortest = figure(r"timeout_seconds >= (\d+)", "modules/function/variables.tf")

    assert shortest >= LEAST_SECONDS + TRIAGE_SECONDS


def test_terraform_reads_the_recipes_as_the_command_line_does(tmp_path: Path) -> None:
    found = program()
    if not found:
        pytest.skip("Terraform is not on PATH: install it (1.9 or newer) to test the stack.")
    question = f"jsonencode(yamldecode(file({json.dumps(str(RECIPES))})))\n"

    said = subprocess.run(
        [found, "console"],
        cwd=tmp_path,
        input=question,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert json.loads(json.loads(said)) == recipes_document()
