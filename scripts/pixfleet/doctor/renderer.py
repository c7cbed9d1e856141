"""Checks what lets CloudFront ask the renderer for what the variants bucket does not have."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import Renderer

if TYPE_CHECKING:
    from mypy_boto3_cloudfront.type_defs import DistributionConfigOutputTypeDef

RENDERER = "renderer"
APPLY = "terraform apply"
NOT_FOUND = "ResourceNotFoundException"
IAM = "AWS_IAM"
CLOUDFRONT = "cloudfront.amazonaws.com"
# Since October 2025 the caller of a function URL needs both.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
ACTIONS = ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl")
CODES = (403, 404)


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about the renderer's function, its URL and the distribution."""
    renderer, distribution = subject.stack.renderer, subject.stack.distribution
    if renderer is None or distribution is None:
        yield skipped(RENDERER, "everything is made at upload: no renderer")
        return
    found = subject.clients.cloudfront.get_distribution(Id=distribution.id)["Distribution"]
    yield _function(subject, renderer)
    yield _concurrency(subject, renderer)
    yield _url(subject, renderer)
    yield _permissions(subject, renderer, found["ARN"])
    yield from _origins(found["DistributionConfig"])


def _function(subject: StackUnderTest, renderer: Renderer) -> Finding:
    found = subject.clients.functions.get_function_configuration(
        FunctionName=renderer.function, Qualifier=renderer.function_alias
    )
    state = found.get("State", "Active")
    return ok_or_wrong(
        RENDERER,
        state in {"Active", "Inactive"},
        f"{renderer.function} is {state} {found.get('StateReason', '')}".strip(),
        "deploy a package that can be loaded (`make package`, terraform apply)",
    )


def _concurrency(subject: StackUnderTest, renderer: Renderer) -> Finding:
    found = subject.clients.functions.get_function_concurrency(FunctionName=renderer.function)
    # Absent if none is reserved, whatever the type says.
    reserved: int | None = found.get("ReservedConcurrentExecutions")
    return ok_or_wrong(
        RENDERER,
        reserved == renderer.reserved_concurrency,
        f"{'no' if reserved is None else reserved} concurrent executions are reserved",
        f"{APPLY}: expected {renderer.reserved_concurrency or 'none'}; with 0 it answers nothing",
    )


def _url(subject: StackUnderTest, renderer: Renderer) -> Finding:
    try:
        found = subject.clients.functions.get_function_url_config(
            FunctionName=renderer.function, Qualifier=renderer.function_alias
        )
    except ClientError as refused:
        if refused.response["Error"]["Code"] != NOT_FOUND:
            raise
        return wrong(RENDERER, f"{renderer.function} has no URL", APPLY)
    kind = found["AuthType"]
    return ok_or_wrong(
        RENDERER,
        kind == IAM,
        f"its URL has the authorization {kind}",
        f"{APPLY}: expected {IAM}, or everybody can call it past the cache",
    )


def _permissions(subject: StackUnderTest, renderer: Renderer, distribution: str) -> Finding:
    statements = _policy(subject, renderer)
    missing = [
        action
        for action in ACTIONS
        if not any(_allows(each, action, distribution) for each in statements)
    ]
    what = f"the distribution may not {' and '.join(missing)}" if missing else "both permissions"
    return ok_or_wrong(
        RENDERER, not missing, what, f"{APPLY}: every picture that is not stored is a 403"
    )


def _policy(subject: StackUnderTest, renderer: Renderer) -> Sequence[Mapping[str, Any]]:
    """Return the statements of the alias's policy."""
    try:
        found = subject.clients.functions.get_policy(
            FunctionName=renderer.function, Qualifier=renderer.function_alias
        )
    except ClientError as refused:
        if refused.response["Error"]["Code"] == NOT_FOUND:
            return ()
        raise
    statements: Sequence[Mapping[str, Any]] = json.loads(found["Policy"])["Statement"]
    return statements


def _allows(statement: Mapping[str, Any], action: str, distribution: str) -> bool:
    principal = statement.get("Principal")
    condition = statement.get("Condition", {})
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Action") == action
        and isinstance(principal, Mapping)
        and principal.get("Service") == CLOUDFRONT
        and condition.get("ArnLike", {}).get("AWS:SourceArn") == distribution
    )


def _origins(configuration: "DistributionConfigOutputTypeDef") -> Iterator[Finding]:
    behaviour = configuration["DefaultCacheBehavior"]
    groups = {each["Id"]: each for each in configuration.get("OriginGroups", {}).get("Items", [])}
    group = groups.get(behaviour["TargetOriginId"])
    if group is None:
        yield wrong(RENDERER, "the distribution asks the bucket only", APPLY)
        return
    codes = tuple(sorted(group["FailoverCriteria"]["StatusCodes"]["Items"]))
    yield ok_or_wrong(
        RENDERER,
        codes == CODES,
        f"it is asked when the bucket answers {', '.join(map(str, codes))}",
        f"{APPLY}: expected 403 and 404 only, or an overloaded bucket has everything rendered",
    )
    second = group["Members"]["Items"][-1]["OriginId"]
    attempts = {each["Id"]: each for each in configuration["Origins"]["Items"]}[second].get(
        "ConnectionAttempts"
    )
    yield ok_or_wrong(
        RENDERER,
        attempts == 1,
        f"CloudFront asks it {attempts} times at most",
        f"{APPLY}: expected once, or a slow render is rendered again",
    )
    policy = behaviour.get("OriginRequestPolicyId", "")
    yield ok_or_wrong(
        RENDERER,
        not policy,
        f"the origins get more of the viewer's request, by {policy}"
        if policy
        else "the origins get no header of the viewer's",
        f"{APPLY}: with the viewer's Host, bucket and function URL answer 403",
    )
