"""Stacks of one account and region share no metric: no alarm counts the images of another."""

from collections.abc import Mapping

import pytest

from tests.terraform.cloudwatch import Metric, Planned, metrics_of
from tests.terraform.dashboard import metrics_shown, widgets_of
from tests.terraform.planned import ALARM_RUNS, Resources, alarms_of, complete_example
from tests.terraform.program import Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]

PREFIXES = dict(zip(ALARM_RUNS, ("pixfleet", "pixfleet-b"), strict=True))


def test_the_alarms_of_two_prefixes_read_different_metrics(
    alarm_runs: Mapping[str, Resources],
) -> None:
    one, other = (watched(alarms_of(alarm_runs[run], prefix)) for run, prefix in PREFIXES.items())

    assert len(one) == len(other) >= 30
    assert one & other == set()


def test_the_dashboards_of_two_prefixes_show_different_metrics(
    alarm_runs: Mapping[str, Resources],
) -> None:
    one, other = ({*shown(alarm_runs[run])} for run in PREFIXES)

    assert len(one) == len(other) >= 30
    assert one & other == set()


def test_the_two_stacks_of_the_complete_example_share_no_metric(terraform: Terraform) -> None:
    resources = complete_example(terraform)
    site, archive = (
        watched(alarms_of(resources, module=f"module.{name}.module.alarms."))
        for name in ("site", "archive")
    )

    assert min(len(site), len(archive)) >= 15
    assert site & archive == set()


def watched(alarms: Mapping[str, Planned]) -> set[Metric]:
    return {each for alarm in alarms.values() for each in metrics_of(alarm).values()}


def shown(resources: Resources) -> list[Metric]:
    return [each for widget in widgets_of(resources) for each in metrics_shown(widget)]
