"""The environment that Terraform sets and the settings that the worker reads agree."""

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
from worker.context import FETCHED_AHEAD
from worker.policy import POLICY

pytestmark = pytest.mark.terraform

NAME = re.compile(r"PIXFLEET_[A-Z_]+")
# Only for the runner, or for a terminal.
NOT_FOR_LAMBDA = {
    "PIXFLEET_BATCH_SECONDS",
    "PIXFLEET_LOG",
    "PIXFLEET_ON_DEMAND_HOST",
    "PIXFLEET_ON_DEMAND_PORT",
    "PIXFLEET_POLL_SECONDS",
    "PIXFLEET_QUEUE",
}
# The default is right: a lease is longer than any invocation.
LEFT_ALONE = {"PIXFLEET_LEASE_SECONDS"}


class Asked(Mapping[str, str]):
    """An empty environment that records which names are read."""

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
    """Return the names that the worker reads, and the required ones."""
    environment = Asked()
    with pytest.raises(Misconfigured) as refused:
        read_settings(environment)
    required = {problem.partition(":")[0] for problem in refused.value.problems}
    return {name for name in environment.names if NAME.fullmatch(name)}, required


def set_in(file: str) -> set[str]:
    return set(NAME.findall((STACK / file).read_text()))


def figure(pattern: str, file: str = "checks.tf") -> float:
    found = re.search(pattern, (STACK / file).read_text())
    assert found, f"Expected {pattern} in {file}."
    return float(found.group(1))


def test_terraform_sets_exactly_the_settings_that_the_worker_reads() -> None:
    read, required = asked()

    assert set_in("environment.tf") == read - NOT_FOR_LAMBDA - LEFT_ALONE
    assert required <= set_in("environment.tf")


def test_the_tests_of_the_stack_have_every_setting() -> None:
    tested = set_in("tests/composition.tftest.hcl") | set_in("tests/lanes.tftest.hcl")

    assert tested == set_in("environment.tf")


def test_settings_that_terraform_does_not_set_are_documented() -> None:
    documented = set(NAME.findall((ROOT / "docs" / "settings.md").read_text()))

    assert set_in("environment.tf") | NOT_FOR_LAMBDA | LEFT_ALONE <= documented


def test_the_rules_use_the_workers_defaults() -> None:
    limits = Limits()

    assert figure(r"child_memory_mb, (\d+)\)") * MEBIBYTE == limits.memory_bytes
    assert figure(r"max_bytes, (\d+)\)") == limits.max_bytes
    assert figure(r"max_pixels, (\d+)\)") == limits.max_pixels
    assert figure(r"memory_mb / (\d+)\)") == MEGABYTES_PER_CPU
    assert figure(r"children \+ (\d+)\)") == FETCHED_AHEAD
    assert figure(r"max_bytes <= ([\d.]+) \*") == SOURCE_SHARE
    assert figure(r"render_seconds \+ (\d+)") >= POLICY.least_claim_seconds + POLICY.triage_seconds


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
