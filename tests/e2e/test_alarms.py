"""The alarms' module, applied for real, and each alarm seen to speak and to be quiet again.

MiniStack looks at an alarm whenever data is put, at all points of its whole window at once,
whatever their dimensions; periods, M of N and missing data it does not know, nor metric math. That
all is shown by tests/terraform/test_alarm_metrics.py, by CloudWatch's rules, over the same series.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from scripts.local.clients import DUMMY_KEY, REGION
from tests.e2e.applied_module import AppliedModule, copied_module
from tests.e2e.waiting import wait_for
from tests.terraform.alarm_cases import Case, cases
from tests.terraform.cloudwatch import Metric, Series
from tests.terraform.folders import STACK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MODULE = STACK / "modules" / "alarms"
SERVICES = ("budgets", "cloudwatch", "iam", "logs", "sns", "sts")
LIVE = {"live": {"queue_name": "pixfleet-live", "rule_name": "pixfleet-live"}}
LANES = {**LIVE, "bulk": {"queue_name": "pixfleet-bulk", "rule_name": "pixfleet-bulk"}}
# Metric math: MiniStack keeps no expression, so these stay without data.
NOT_EVALUATED = {
    "crashes",
    "error-rate-live",
    "rejected-rate-live",
    "undelivered-events-live",
}
# MiniStack has no PutQueryDefinition.
OVERRIDE = """
resource "aws_cloudwatch_query_definition" "this" {
  for_each = {}
}
"""
VARIABLES: Mapping[str, object] = {
    "prefix": "pixfleet",
    "dead_letter_queue_name": "pixfleet-dead-letter",
    "distribution_id": "E2QWRUHAPOMQZL",
    "email": "ops@example.com",
    "function_memory_mb": 3538,
    "function_name": "pixfleet-worker",
    "function_timeout_seconds": 300,
    "log_group_name": "/aws/lambda/pixfleet-worker",
    "monthly_budget_usd": 250,
}
# So long bad points stay in a window; the good ones come after.
LEFT_IN_THE_WINDOW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Watch:
    """CloudWatch as a person sees it, and the topic as a subscriber hears it."""

    cloudwatch: Any  # as `client` has it
    sqs: Any
    inbox: str

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Return all alarms by their names, without the prefix."""
        kinds = ["MetricAlarm", "CompositeAlarm"]
        answer = self.cloudwatch.describe_alarms(AlarmTypes=kinds, MaxRecords=100)
        found = (*answer["MetricAlarms"], *answer["CompositeAlarms"])
        return {each["AlarmName"].removeprefix("pixfleet-"): each for each in found}

    def state(self, name: str) -> str:
        """Return what one alarm says."""
        return str(self.alarms()[name]["StateValue"])

    def put(self, metric: Metric, values: list[float], seconds_ago: float) -> None:
        """Put the values of one metric in one call, after which MiniStack looks at its alarms."""
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
        # MiniStack's clock is the machine's.
        data = {
            "MetricName": metric.name,
            "Dimensions": dimensions,
            "Timestamp": time.time() - seconds_ago,
            "Values": values,
        }
        self.cloudwatch.put_metric_data(Namespace=metric.namespace, MetricData=[data])

    def heard(self) -> list[tuple[str, str]]:
        """Take what the topic has sent: the alarms' names and states, in their order."""
        said: list[tuple[str, str]] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.inbox, MaxNumberOfMessages=10
        ).get("Messages"):
            for message in messages:
                alarm = json.loads(json.loads(message["Body"])["Message"])
                name = alarm["AlarmName"].removeprefix("pixfleet-")
                said.append((name, alarm["NewStateValue"]))
                self.sqs.delete_message(
                    QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"]
                )
        return said


@pytest.fixture
def module(endpoint_url: str, tmp_path: Path) -> Iterator[AppliedModule]:
    endpoints = dict.fromkeys(SERVICES, endpoint_url)
    with copied_module(MODULE, tmp_path, endpoints=endpoints, override=OVERRIDE) as copied:
        yield copied


@pytest.fixture
def watch(endpoint_url: str) -> Watch:
    sqs = client("sqs", endpoint_url)
    inbox = sqs.create_queue(QueueName="alarms-inbox")["QueueUrl"]
    return Watch(client("cloudwatch", endpoint_url), sqs, inbox)


def test_a_lane_is_taken_away_then_every_alarm_speaks_and_destroy_leaves_nothing(
    module: AppliedModule, watch: Watch, endpoint_url: str
) -> None:
    module.apply(**VARIABLES, lanes=LANES)
    assert {"oldest-message-bulk", "error-rate-bulk"} <= set(watch.alarms())

    module.apply(**VARIABLES, lanes=LIVE)
    assert [name for name in watch.alarms() if name.endswith("-bulk")] == []

    subscribe(watch, endpoint_url)
    assert_every_alarm_speaks_and_is_quiet_again(watch)

    module.destroy()
    assert watch.alarms() == {}
    assert client("sns", endpoint_url).list_topics()["Topics"] == []
    assert watch.cloudwatch.list_dashboards()["DashboardEntries"] == []


def assert_every_alarm_speaks_and_is_quiet_again(watch: Watch) -> None:
    found = watch.alarms()
    plain = {case.alarm: case for case in cases() if found.get(case.alarm, {}).get("MetricName")}
    assert set(found) - set(plain) == NOT_EVALUATED | {"something-is-wrong"}

    for name, case in plain.items():
        feed(watch, case.bad, seconds_ago=window_seconds(found[name]) - LEFT_IN_THE_WINDOW_SECONDS)
        assert watch.state(name) == "ALARM", name
    assert watch.state("something-is-wrong") == "ALARM"
    for name, case in plain.items():
        wait_for(f"{name} to be quiet", partial(is_quiet, watch, name, case))
    assert watch.state("something-is-wrong") == "OK"

    speaking = ("dead-letters", "dead-letters-many", "new-dead-letters-live", "something-is-wrong")
    said = watch.heard()
    assert sorted(each for each in said if each[1] == "ALARM") == [(n, "ALARM") for n in speaking]
    assert {name for name, state in said if state == "OK"} == set(speaking)


def client(service: str, endpoint_url: str) -> Any:  # noqa: ANN401 - no stubs of theirs
    session: Any = boto3.Session()
    return session.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=DUMMY_KEY,
        aws_secret_access_key=DUMMY_KEY,
        config=Config(proxies={}),
    )


def subscribe(watch: Watch, endpoint_url: str) -> None:
    """Let the inbox hear what the operations topic says."""
    sns = client("sns", endpoint_url)
    (topic,) = (
        each["TopicArn"]
        for each in sns.list_topics()["Topics"]
        if each["TopicArn"].endswith(":pixfleet-operations")
    )
    attributes = watch.sqs.get_queue_attributes(QueueUrl=watch.inbox, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def feed(watch: Watch, series: Series, *, seconds_ago: float) -> None:
    """Put the latest period of a series; where nothing was written then, nothing counts as 0."""
    for metric, values in series.items():
        watch.put(metric, list(values[-1]) or [0.0], seconds_ago)


def is_quiet(watch: Watch, name: str, case: Case) -> bool:
    """Put good data, and say whether the bad has left the window."""
    feed(watch, case.good, seconds_ago=0.0)
    return watch.state(name) == "OK"


def window_seconds(alarm: Mapping[str, Any]) -> float:
    return float(alarm["Period"] * alarm["EvaluationPeriods"])
