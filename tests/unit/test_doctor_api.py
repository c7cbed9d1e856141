"""The doctor's look at the HTTP API."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.pixfleet.doctor.api import AREA, PUBLIC, check
from scripts.pixfleet.doctor.checks import CHECKS, run_checks
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import Api
from tests.support.fakes import client_error
from worker.api.routes import ROUTES

pytestmark = pytest.mark.unit

API = Api("https://api.example.com", "a1b2c3d4", "pixfleet-api")

SETTINGS = {
    "PIXFLEET_LEDGER_TABLE": "ledger",
    "PIXFLEET_RECIPES": "s3://variants/r",
    "PIXFLEET_SERVING_TABLE": "serving",
    "PIXFLEET_SOURCES_BUCKET": "sources",
    "PIXFLEET_VARIANTS_BUCKET": "variants",
}


class Aws:
    """Everything as Terraform makes it; a test changes one thing."""

    def __init__(self) -> None:
        self.stage: dict[str, Any] = {
            "StageName": "$default",
            "AutoDeploy": True,
            "LastDeploymentStatusMessage": "Successfully deployed stage with deployment ID 'x'",
            "AccessLogSettings": {"DestinationArn": "arn:aws:logs:…"},
            "DefaultRouteSettings": {"ThrottlingRateLimit": 50.0, "ThrottlingBurstLimit": 100},
        }
        self.routes: list[dict[str, Any]] = [
            {"RouteKey": "GET /v1/health", "AuthorizationType": "NONE"},
            {
                "RouteKey": "POST /v1/uploads",
                "AuthorizationType": "JWT",
                "AuthorizerId": "tokens",
            },
        ]
        self.authorizer: dict[str, Any] = {
            "AuthorizerId": "tokens",
            "JwtConfiguration": {"Issuer": "https://issuer.example", "Audience": ["pixfleet"]},
        }
        self.function: dict[str, Any] = {
            "State": "Active",
            "Role": "arn:aws:iam::123456789012:role/pixfleet-api",
            "Environment": {
                "Variables": SETTINGS,
            },
        }

    def clients(self) -> Any:  # noqa: ANN401 - only the calls of these checks
        return SimpleNamespace(
            functions=SimpleNamespace(get_function_configuration=lambda **_: self.function),
            gateway=SimpleNamespace(
                get_stages=lambda **_: {"Items": [self.stage]},
                get_routes=lambda **_: {"Items": self.routes},
                get_authorizers=lambda **_: {"Items": [self.authorizer]},
            ),
        )

    def subject(self, api: Api | None = API) -> StackUnderTest:
        stack = SimpleNamespace(
            api=api,
            ledger_table="ledger",
            recipes="s3://variants/r",
            serving_table="serving",
            sources_bucket="sources",
            variants_bucket="variants",
        )
        return StackUnderTest(cast("Any", stack), self.clients())


@pytest.fixture(name="aws")
def _aws() -> Aws:
    return Aws()


def wrong(aws: Aws) -> list[str]:
    return [each.what for each in check(aws.subject()) if each.status is FindingStatus.WRONG]


def test_what_terraform_makes_is_right(aws: Aws) -> None:
    found = list(check(aws.subject()))

    assert {each.status for each in found} == {FindingStatus.OK}
    assert len(found) == 9


def test_a_stack_without_an_api_is_skipped(aws: Aws) -> None:
    (finding,) = check(aws.subject(None))

    assert finding.status is FindingStatus.SKIPPED


@pytest.mark.parametrize(
    ("rate", "burst"), [(10_001, 100), (50, 5_001)], ids=["requests a second", "at once"]
)
def test_more_requests_than_an_account_takes_are_wrong(aws: Aws, rate: int, burst: int) -> None:
    settings = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
    aws.stage |= {"DefaultRouteSettings": settings}

    (found,) = wrong(aws)

    assert f"{rate} a second and {burst} at once" in found


def test_the_public_routes_are_those_of_the_api() -> None:
    assert {f"{each.method} {each.path}" for each in ROUTES if each.is_public} == PUBLIC


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"StageName": "test"}, "it has no stage $default"),
        (
            {"LastDeploymentStatusMessage": "Deployment failed: no routes"},
            "the stage $default is not deployed: Deployment failed: no routes",
        ),
        ({"DefaultRouteSettings": {}}, "each route takes 0 requests a second, 0 at once"),
        ({"AccessLogSettings": {}}, "requests that API Gateway refuses are not logged"),
    ],
    ids=["none", "deployment", "throttling", "log"],
)
def test_a_stage_that_refuses_everything_or_says_nothing_is_wrong(
    aws: Aws, changed: dict[str, Any], what: str
) -> None:
    aws.stage |= changed

    assert wrong(aws) == [what]


def test_a_route_that_anyone_may_call_is_wrong(aws: Aws) -> None:
    aws.routes.append({"RouteKey": "POST /v1/purge", "AuthorizationType": "NONE"})

    assert wrong(aws) == ["anyone may call POST /v1/purge"]


@pytest.mark.parametrize(
    ("configuration", "what"),
    [
        ({"Audience": ["pixfleet"]}, "tokens of no issuer for pixfleet"),
        ({"Issuer": "https://i.example"}, "tokens of https://i.example for any audience"),
    ],
)
def test_an_authorizer_that_accepts_other_tokens_is_wrong(
    aws: Aws, configuration: dict[str, Any], what: str
) -> None:
    aws.authorizer["JwtConfiguration"] = configuration

    assert wrong(aws) == [what]


def test_callers_with_aws_credentials_need_no_authorizer(aws: Aws) -> None:
    aws.routes[1] = {"RouteKey": "POST /v1/uploads", "AuthorizationType": "AWS_IAM"}

    assert wrong(aws) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"State": "Failed", "StateReason": "no code"}, "pixfleet-api is Failed no code"),
        (
            {"Role": "arn:aws:iam::123456789012:role/admin"},
            "pixfleet-api has the role admin",
        ),
        (
            {"Environment": {}},
            f"other settings than the worker's: {', '.join(SETTINGS)}",
        ),
    ],
    ids=["state", "role", "settings"],
)
def test_a_function_that_cannot_answer_is_wrong(
    aws: Aws, changed: dict[str, Any], what: str
) -> None:
    aws.function |= changed

    assert wrong(aws) == [what]


def test_the_doctor_runs_these_checks_and_reports_an_api_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, aws: Aws
) -> None:
    monkeypatch.setattr("scripts.pixfleet.doctor.checks.CHECKS", {AREA: CHECKS[AREA]})
    subject = aws.subject()

    def gone(**_: str) -> dict[str, str]:
        raise client_error("NotFoundException", 404)

    cast("Any", subject.clients).gateway.get_stages = gone

    found: list[Finding] = list(run_checks(subject))

    assert [each.status for each in found] == [FindingStatus.UNSEEN]
