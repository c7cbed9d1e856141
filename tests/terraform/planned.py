"""The resources of the alarms module, read from the plan of its own tests."""

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from tests.terraform.cloudwatch import Planned
from tests.terraform.folders import ROOT, STACK
from tests.terraform.program import Terraform

MODULE = STACK / "modules" / "alarms"
RUN = "every_option_is_planned"


def planned_resources(terraform: Terraform) -> Mapping[str, Planned]:
    """Return the resources that one run of the module's tests plans, by their addresses.

    The run overrides the values that only AWS knows, so no credentials are needed.
    """
    folder = ROOT / "alarms-plan"
    shutil.copytree(MODULE, terraform.copy / folder.name)
    got = terraform.call(*terraform.init, folder=folder)
    assert got.is_good, got.output
    words = ("test", "-json", "-verbose", "-filter=tests/alarms.tftest.hcl")
    tested = terraform.call(*words, folder=folder)
    assert tested.is_good, tested.output
    (plan,) = (
        line["test_plan"]
        for line in _lines(tested.output)
        if line.get("@testrun") == RUN and "test_plan" in line
    )
    return {each["address"]: each["change"]["after"] for each in plan["resource_changes"]}


def alarms_of(resources: Mapping[str, Planned]) -> dict[str, Planned]:
    """Return the metric alarms by their names, without the prefix."""
    return {
        planned["alarm_name"].removeprefix("pixfleet-"): planned
        for address, planned in resources.items()
        if address.startswith("aws_cloudwatch_metric_alarm.")
    }


def _lines(said: str) -> Iterator[dict[str, Any]]:  # no more than JSON's types
    for line in said.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
