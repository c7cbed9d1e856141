"""The doctor's look at what lets CloudFront ask the renderer."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest

from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.renderer import ACTIONS, check
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import Distribution, Renderer
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

Found = TypeVar("Found")
ARN = "arn:aws:cloudfront::123456789012:distribution/E1"
RENDERER = Renderer("pixfleet-renderer", "live", reserved_concurrency=10)


def statement(action: str, source: str = ARN) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": action,
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    }


def configuration() -> dict[str, Any]:
    members = [{"OriginId": "variants"}, {"OriginId": "renderer"}]
    group = {
        "Id": "on-demand",
        "FailoverCriteria": {"StatusCodes": {"Items": [404, 403]}},
        "Members": {"Items": members},
    }
    return {
        "DefaultCacheBehavior": {"TargetOriginId": "on-demand"},
        "OriginGroups": {"Items": [group]},
        "Origins": {
            "Items": [{"Id": "variants"}, {"Id": "renderer", "ConnectionAttempts": 1}],
        },
    }


class Aws:
    """Everything as Terraform makes it; a test changes one thing."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"State": "Active"}
        self.reserved: dict[str, Any] = {"ReservedConcurrentExecutions": 10}
        self.url: dict[str, Any] | None = {"AuthType": "AWS_IAM"}
        self.statements: list[dict[str, Any]] | None = [statement(each) for each in ACTIONS]
        self.configuration = configuration()
        self.asked: list[Mapping[str, str]] = []

    def clients(self) -> Any:  # noqa: ANN401 - only the calls of these checks
        functions = SimpleNamespace(
            get_function_configuration=lambda **_: self.state,
            get_function_concurrency=lambda **_: self.reserved,
            get_function_url_config=lambda **asked: self._of_the_alias(self.url, asked),
            get_policy=lambda **asked: {
                "Policy": json.dumps(
                    {"Statement": self._of_the_alias(self.statements, asked)},
                )
            },
        )
        distribution = {"ARN": ARN, "DistributionConfig": self.configuration}
        return SimpleNamespace(
            functions=functions,
            cloudfront=SimpleNamespace(
                get_distribution=lambda **_: {"Distribution": distribution}
            ),
        )

    def _of_the_alias(self, found: Found | None, asked: Mapping[str, str]) -> Found:
        self.asked.append(asked)
        if found is None:
            raise client_error("ResourceNotFoundException", 404)
        return found


@pytest.fixture
def aws() -> Aws:
    return Aws()


def findings(aws: Aws, renderer: Renderer | None = RENDERER) -> list[Finding]:
    stack = SimpleNamespace(
        renderer=renderer,
        distribution=Distribution("E1", "https://d.example"),
    )
    return list(check(StackUnderTest(cast("Any", stack), aws.clients())))


def wrong(aws: Aws) -> list[str]:
    return [each.what for each in findings(aws) if each.status is FindingStatus.WRONG]


def test_what_terraform_makes_is_right(aws: Aws) -> None:
    found = findings(aws)

    assert {each.status for each in found} == {FindingStatus.OK}
    assert len(found) == 7
    assert aws.asked == [{"FunctionName": "pixfleet-renderer", "Qualifier": "live"}] * 2


def test_a_stack_without_a_renderer_is_skipped(aws: Aws) -> None:
    (finding,) = findings(aws, renderer=None)

    assert finding.status is FindingStatus.SKIPPED


def test_a_function_that_cannot_be_loaded_is_wrong(aws: Aws) -> None:
    aws.state = {"State": "Failed", "StateReason": "no code"}

    assert wrong(aws) == ["pixfleet-renderer is Failed no code"]


@pytest.mark.parametrize(
    ("reserved", "what"),
    [
        ({"ReservedConcurrentExecutions": 0}, "0 concurrent executions are reserved"),
        ({}, "no concurrent executions are reserved"),
    ],
)
def test_another_concurrency_is_wrong(aws: Aws, reserved: dict[str, Any], what: str) -> None:
    aws.reserved = reserved

    assert wrong(aws) == [what]


def test_none_may_be_reserved_if_none_is_expected(aws: Aws) -> None:
    aws.reserved = {}

    found = findings(aws, Renderer("pixfleet-renderer", "live"))

    assert {each.status for each in found} == {FindingStatus.OK}


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (None, "pixfleet-renderer has no URL"),
        ({"AuthType": "NONE"}, "its URL has the authorization NONE"),
    ],
)
def test_a_url_that_everybody_can_call_is_wrong(
    aws: Aws, url: dict[str, Any] | None, what: str
) -> None:
    aws.url = url

    assert wrong(aws) == [what]


@pytest.mark.parametrize("action", ACTIONS)
def test_one_permission_of_two_is_wrong(aws: Aws, action: str) -> None:
    (other,) = {*ACTIONS} - {action}
    aws.statements = [statement(action), statement(other, source=f"{ARN}OTHER")]

    assert wrong(aws) == [f"the distribution may not {other}"]


def test_no_policy_at_all_is_wrong(aws: Aws) -> None:
    aws.statements = None

    assert wrong(aws) == [f"the distribution may not {' and '.join(ACTIONS)}"]


def test_fail_over_on_an_overloaded_bucket_is_wrong(aws: Aws) -> None:
    (group,) = aws.configuration["OriginGroups"]["Items"]
    group["FailoverCriteria"]["StatusCodes"]["Items"] = [403, 404, 503]

    assert wrong(aws) == ["it is asked when the bucket answers 403, 404, 503"]


def test_a_distribution_that_asks_the_bucket_only_is_wrong(aws: Aws) -> None:
    aws.configuration["DefaultCacheBehavior"]["TargetOriginId"] = "variants"

    assert wrong(aws) == ["the distribution asks the bucket only"]


def test_a_renderer_that_is_asked_again_is_wrong(aws: Aws) -> None:
    aws.configuration["Origins"]["Items"][1]["ConnectionAttempts"] = 3

    assert wrong(aws) == ["CloudFront asks it 3 times at most"]


def test_a_policy_that_forwards_headers_is_wrong(aws: Aws) -> None:
    aws.configuration["DefaultCacheBehavior"]["OriginRequestPolicyId"] = "all-viewer"

    assert wrong(aws) == ["the origins get more of the viewer's request, by all-viewer"]
