"""The resources that a run of `terraform test` plans, and those of the alarms module by name."""

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.terraform.cloudwatch import Planned
from tests.terraform.folders import ROOT, STACK
from tests.terraform.program import Terraform
from tests.terraform.provider import running_provider

Resources = Mapping[str, Planned]
ALARM_RUNS = ("every_option_is_planned", "another_stack_is_planned")
COMPLETE_EXAMPLE = "the_complete_example_is_planned"
RUN = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


def alarms_module(terraform: Terraform) -> Mapping[str, Resources]:
    """Return the resources that `ALARM_RUNS` plan, by run and address.

    Its tests use the real provider, and override the values that only AWS knows, so no credentials
    are needed.
    """
    folder = ROOT / "alarms-plan"
    shutil.copytree(STACK / "modules" / "alarms", terraform.copy / folder.name)
    return _planned(terraform, folder, "alarms.tftest.hcl", ALARM_RUNS)


def complete_example(terraform: Terraform) -> Resources:
    """Return the resources of the complete example, by address."""
    folder = ROOT / "examples-plan" / "terraform"
    shutil.copytree(
        terraform.copy / STACK.name,
        terraform.copy / "examples-plan" / STACK.name,
        ignore=shutil.ignore_patterns(".terraform*"),
    )
    shutil.copy(ROOT / "recipes.yaml", terraform.copy / "examples-plan")
    runs = (COMPLETE_EXAMPLE,)
    return _planned(terraform, folder, "examples.tftest.hcl", runs)[COMPLETE_EXAMPLE]


def alarms_of(
    resources: Resources, prefix: str = "pixfleet", module: str = ""
) -> dict[str, Planned]:
    """Return the metric alarms by their names, without the prefix."""
    return {
        planned["alarm_name"].removeprefix(f"{prefix}-"): planned
        for address, planned in resources.items()
        if address.startswith(f"{module}aws_cloudwatch_metric_alarm.")
    }


def _planned(
    terraform: Terraform, folder: Path, file: str, runs: Collection[str]
) -> Mapping[str, Resources]:
    """Plan some runs of a test file: with each plan, `-verbose` writes 14 MB of schemas."""
    path = terraform.copy / folder.relative_to(ROOT) / "tests" / file
    kept = RUN.sub(lambda run: run[0] if run[1] in runs else "", path.read_text(encoding="utf-8"))
    path.write_text(kept, encoding="utf-8")
    got = terraform.fetch(folder)
    assert got.is_good, got.output
    words = ("test", "-json", "-verbose", f"-filter=tests/{file}")
    with running_provider(terraform.copy / folder.relative_to(ROOT)) as provider:
        tested = terraform.call(*words, folder=folder, provider=provider)
    assert tested.is_good, tested.output
    return {
        line["@testrun"]: {
            each["address"]: each["change"]["after"]
            for each in line["test_plan"]["resource_changes"]
        }
        for line in _lines(tested.output)
        if "test_plan" in line
    }


def _lines(said: str) -> Iterator[dict[str, Any]]:  # no more than JSON's types
    for line in said.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
