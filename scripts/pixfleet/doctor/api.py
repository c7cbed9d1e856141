"""Checks the HTTP API: who may call it, how often, and the function that answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import Api

AREA = "api"
APPLY = "terraform apply"
STAGE = "$default"
# Anyone may call these; they read nothing of the stack.
PUBLIC = {"GET /v1/health", "GET /v1/openapi.json"}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
ACCOUNT_RATE, ACCOUNT_BURST = 10_000, 5_000
# The longest page of GetRoutes; the API has fewer routes.
ROUTES = "100"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about the stage, routes and authorizer of API Gateway, and the function."""
    api = subject.stack.api
    if api is None or not api.id:
        yield skipped(AREA, "this stack has no API")
        return
    gateway = subject.clients.gateway
    stages = gateway.get_stages(ApiId=api.id)["Items"]
    routes = gateway.get_routes(ApiId=api.id, MaxResults=ROUTES)["Items"]
    yield from _stage(stages)
    yield _access(routes)
    yield from _authorizers(routes, gateway.get_authorizers(ApiId=api.id)["Items"])
    yield from _function(subject, api)


def _stage(stages: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    stage = next((each for each in stages if each["StageName"] == STAGE), None)
    if stage is None:
        yield ok_or_wrong(AREA, False, f"it has no stage {STAGE}", APPLY)  # noqa: FBT003
        return
    problem = stage.get("LastDeploymentStatusMessage", "")
    is_deployed = stage.get("AutoDeploy", False) and "fail" not in problem.lower()
    yield ok_or_wrong(
        AREA,
        is_deployed,
        f"the stage {STAGE} is {'deployed' if is_deployed else f'not deployed: {problem}'}",
        f"{APPLY}: callers get the routes that were deployed last",
    )
    settings = stage.get("DefaultRouteSettings", {})
    rate, burst = settings.get("ThrottlingRateLimit", 0), settings.get("ThrottlingBurstLimit", 0)
    yield ok_or_wrong(
        AREA,
        rate > 0 and burst > 0,
        f"each route takes {rate:g} requests a second, {burst} at once",
        f"{APPLY}: with 0 API Gateway answers 429 to every request",
    )
    yield ok_or_wrong(
        AREA,
        rate <= ACCOUNT_RATE and burst <= ACCOUNT_BURST,
        f"{rate:g} a second and {burst} at once, of {ACCOUNT_RATE:,} and {ACCOUNT_BURST:,} that "
        "all APIs of an account share in a region by default",
        "lower api.throttling, or ask AWS Support for more: the account's limit answers 429 first",
    )
    yield ok_or_wrong(
        AREA,
        bool(stage.get("AccessLogSettings", {}).get("DestinationArn")),
        "requests that API Gateway refuses are logged"
        if stage.get("AccessLogSettings")
        else "requests that API Gateway refuses are not logged",
        APPLY,
    )


def _access(routes: Sequence[Mapping[str, Any]]) -> Finding:
    is_open = {"NONE", None}
    opened = sorted(
        each["RouteKey"]
        for each in routes
        if each.get("AuthorizationType") in is_open and each["RouteKey"] not in PUBLIC
    )
    return ok_or_wrong(
        AREA,
        bool(routes) and not opened,
        f"anyone may call {', '.join(opened)}" if opened else f"{len(routes)} routes",
        f"{APPLY}: expected an authorizer for every route but {' and '.join(sorted(PUBLIC))}",
    )


def _authorizers(
    routes: Sequence[Mapping[str, Any]], authorizers: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    used = {each.get("AuthorizerId") for each in routes if each.get("AuthorizationType") == "JWT"}
    if not used:
        yield Finding(AREA, "callers sign their requests with AWS credentials")
        return
    known = {each["AuthorizerId"]: each.get("JwtConfiguration", {}) for each in authorizers}
    for configuration in (known.get(each, {}) for each in used):
        issuer, audiences = configuration.get("Issuer", ""), configuration.get("Audience", [])
        yield ok_or_wrong(
            AREA,
            bool(issuer and audiences),
            f"tokens of {issuer or 'no issuer'} for {', '.join(audiences) or 'any audience'}",
            f"{APPLY}: expected an issuer and at least one audience",
        )


def _function(subject: StackUnderTest, api: Api) -> Iterator[Finding]:
    found: Mapping[str, Any] = subject.clients.functions.get_function_configuration(
        FunctionName=api.function
    )
    state = found.get("State", "Active")
    yield ok_or_wrong(
        AREA,
        state in {"Active", "Inactive"},
        f"{api.function} is {state} {found.get('StateReason', '')}".strip(),
        "deploy a package that can be loaded (`make package`, terraform apply)",
    )
    role = found.get("Role", "").rpartition("/")[2]
    yield ok_or_wrong(
        AREA,
        role == api.function,
        f"{api.function} has the role {role or 'of nobody'}",
        f"{APPLY}: expected {api.function}, which may touch only what the API needs",
    )
    stack = subject.stack
    expected = {
        "PIXFLEET_LEDGER_TABLE": stack.ledger_table,
        "PIXFLEET_RECIPES": stack.recipes,
        "PIXFLEET_SERVING_TABLE": stack.serving_table,
        "PIXFLEET_SOURCES_BUCKET": stack.sources_bucket,
        "PIXFLEET_VARIANTS_BUCKET": stack.variants_bucket,
    }
    variables = found.get("Environment", {}).get("Variables", {})
    others = [name for name, value in expected.items() if variables.get(name) != value]
    yield ok_or_wrong(
        AREA,
        not others,
        f"other settings than the worker's: {', '.join(others)}"
        if others
        else "it has the buckets, tables and recipes of the worker",
        APPLY,
    )
