"""The doctor's look at the purge queue and its function."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.pixfleet.doctor.checks import CHECKS, run_checks
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.purge import AREA, check
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import Distribution, Purge
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:pixfleet-purge"
QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:pixfleet-purge"
PURGE = Purge("pixfleet-purge", 1000, "pixfleet-purge", "live", mapping_id="mapping-1")


class Aws:
    """Everything as Terraform makes it; a test changes one thing."""

    def __init__(self) -> None:
        self.queue: dict[str, str] = {
            "MessageRetentionPeriod": "900",
            "VisibilityTimeout": "370",
        }
        self.function: dict[str, Any] = {
            "State": "Active",
            "Timeout": 60,
            "Environment": {"Variables": {"PIXFLEET_DISTRIBUTION_ID": "E1"}},
        }
        self.mapping: dict[str, Any] = {
            "State": "Enabled",
            "EventSourceArn": QUEUE_ARN,
            "FunctionArn": f"{ARN}:live",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        self.asked: list[dict[str, str]] = []

    def clients(self) -> Any:  # noqa: ANN401 - only the calls of these checks
        return SimpleNamespace(
            functions=SimpleNamespace(
                get_function_configuration=lambda **asked: self._asked(asked, self.function),
                get_event_source_mapping=lambda **asked: self._asked(asked, self.mapping),
            ),
            sqs=SimpleNamespace(
                get_queue_url=lambda **_: {"QueueUrl": "https://queue.example"},
                get_queue_attributes=lambda **_: {"Attributes": self.queue},
            ),
        )

    def _asked(self, asked: dict[str, str], found: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        return found


@pytest.fixture
def aws() -> Aws:
    return Aws()


def findings(aws: Aws, purge: Purge | None = PURGE) -> list[Finding]:
    stack = SimpleNamespace(purge=purge, distribution=Distribution("E1", "https://d.example"))
    return list(check(StackUnderTest(cast("Any", stack), aws.clients())))


def wrong(aws: Aws) -> list[str]:
    return [each.what for each in findings(aws) if each.status is FindingStatus.WRONG]


def test_what_terraform_makes_is_right(aws: Aws) -> None:
    found = findings(aws)

    assert {each.status for each in found} == {FindingStatus.OK}
    assert len(found) == 6
    assert aws.asked == [
        {"FunctionName": "pixfleet-purge", "Qualifier": "live"},
        {"UUID": "mapping-1"},
    ]


def test_a_stack_that_does_not_purge_is_skipped(aws: Aws) -> None:
    (finding,) = findings(aws, purge=None)

    assert finding.status is FindingStatus.SKIPPED


def test_a_queue_that_no_function_works_off_is_looked_at_alone(aws: Aws) -> None:
    queue, function = findings(aws, Purge("pixfleet-purge", 1000))

    assert (queue.status, function.status) == (FindingStatus.OK, FindingStatus.SKIPPED)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"MessageRetentionPeriod": "60"}, "pixfleet-purge keeps messages 60 s"),
        (
            {"RedrivePolicy": '{"maxReceiveCount": 3}'},
            "pixfleet-purge keeps messages 900 s and has a limit of receives",
        ),
        (
            {"VisibilityTimeout": "60"},
            "pixfleet-purge: the visibility timeout is 60 s, the function's 60 s",
        ),
    ],
    ids=["retention", "receives", "visibility"],
)
def test_a_queue_that_loses_messages_is_wrong(
    aws: Aws, changed: dict[str, str], what: str
) -> None:
    aws.queue |= changed

    assert wrong(aws) == [what]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"State": "Failed", "StateReason": "no code"}, "pixfleet-purge is Failed no code"),
        ({"Environment": {}}, "pixfleet-purge purges no distribution"),
        (
            {"Environment": {"Variables": {"PIXFLEET_DISTRIBUTION_ID": "E2"}}},
            "pixfleet-purge purges E2",
        ),
    ],
    ids=["state", "no distribution", "another distribution"],
)
def test_a_function_that_purges_nothing_is_wrong(
    aws: Aws, changed: dict[str, Any], what: str
) -> None:
    aws.function |= changed

    assert wrong(aws) == [what]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"State": "Disabled"}, "its event source mapping is Disabled"),
        ({"EventSourceArn": f"{QUEUE_ARN}-b"}, f"its messages: from {QUEUE_ARN}-b"),
        ({"FunctionArn": f"{ARN}:7"}, f"its messages: for {ARN}:7"),
        ({"FunctionResponseTypes": []}, "its messages: does not ReportBatchItemFailures"),
    ],
    ids=["disabled", "another queue", "another version", "whole batches"],
)
def test_a_mapping_that_brings_no_messages_is_wrong(
    aws: Aws, changed: dict[str, Any], what: str
) -> None:
    aws.mapping |= changed

    assert wrong(aws) == [what]


def test_the_doctor_runs_these_checks_and_reports_a_queue_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, aws: Aws
) -> None:
    monkeypatch.setattr("scripts.pixfleet.doctor.checks.CHECKS", {AREA: CHECKS[AREA]})
    clients = aws.clients()

    def gone(**_: str) -> dict[str, str]:
        raise client_error("AWS.SimpleQueueService.NonExistentQueue", 400)

    clients.sqs.get_queue_url = gone
    stack = SimpleNamespace(purge=PURGE, distribution=None)

    (found,) = run_checks(StackUnderTest(cast("Any", stack), clients))

    assert found.status is FindingStatus.UNSEEN
