"""The resources that a run of `terraform test` plans, and those of the alarms module by name."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.terraform.cloudwatch import Planned
from tests.terraform.folders import ROOT, STACK
from tests.terraform.program import Terraform

Resources = Mapping[str, Planned]


def alarms_module(terraform: Terraform) -> Mapping[str, Resources]:
    """Return the resources that the alarms module's tests plan, by run and address.

    Its tests use the real provider, and override the values that only AWS knows, so no credentials
    are needed.
    """
    folder = ROOT / "alarms-plan"
    shutil.copytree(STACK / "modules" / "alarms", terraform.copy / folder.name)
    return _planned(terraform, folder, "alarms.tftest.hcl")


def examples(terraform: Terraform) -> Mapping[str, Resources]:
    """Return the resources of the examples, by the run of the stack's tests and by address."""
    folder = ROOT / "examples-plan" / "terraform"
    shutil.copytree(
        terraform.copy / STACK.name,
        terraform.copy / "examples-plan" / STACK.name,
        ignore=shutil.ignore_patterns(".terraform*"),
    )
    shutil.copy(ROOT / "recipes.yaml", terraform.copy / "examples-plan")
    return _planned(terraform, folder, "examples.tftest.hcl")


def alarms_of(
    resources: Resources, prefix: str = "pixfleet", module: str = ""
) -> dict[str, Planned]:
    """Return the metric alarms by their names, without the prefix."""
    return {
        planned["alarm_name"].removeprefix(f"{prefix}-"): planned
        for address, planned in resources.items()
        if address.startswith(f"{module}aws_cloudwatch_metric_alarm.")
    }


def _planned(terraform: Terraform, folder: Path, file: str) -> Mapping[str, Resources]:
    got = terraform.fetch(folder)
    assert got.is_good, got.output
    tested = terraform.call("test", "-json", "-verbose", f"-filter=tests/{file}", folder=folder)
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
