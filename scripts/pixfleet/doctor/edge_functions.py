"""Compares the code that CloudFront runs with the code that was applied.

A function has two stages: `UpdateFunction` changes DEVELOPMENT, and `PublishFunction` copies it to
LIVE, which viewers get. An apply that stops between the two leaves the old code LIVE, and the next
plan shows no difference, because the provider compares DEVELOPMENT.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/update-function.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from scripts.pixfleet.doctor.finding import Finding, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import EdgeFunction

if TYPE_CHECKING:
    from mypy_boto3_cloudfront.literals import FunctionStageType

EDGE_FUNCTIONS = "edge functions"
APPLY = "terraform apply"


@dataclass(frozen=True, slots=True)
class StageCode:
    """The code in one stage of a function: its SHA-256, and the ETag with which it is published.

    Both are empty if the stage has no code.
    """

    sha256: str = ""
    etag: str = ""


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield a finding for each edge function."""
    distribution = subject.stack.distribution
    if distribution is None:
        yield skipped(EDGE_FUNCTIONS, "no distribution")
        return
    if not distribution.functions:
        yield skipped(EDGE_FUNCTIONS, f"the stack document has no hashes of their code: {APPLY}")
    for function in distribution.functions.values():
        yield _finding(
            function,
            live=_code(subject, function.name, "LIVE"),
            development=_code(subject, function.name, "DEVELOPMENT"),
        )


def _finding(function: EdgeFunction, *, live: StageCode, development: StageCode) -> Finding:
    name, applied = function.name, function.sha256
    if live.sha256 == development.sha256 == applied:
        return Finding(EDGE_FUNCTIONS, f"{name} runs the code of the applied recipes")
    running = "other code than that of the applied recipes" if live.sha256 else "no code"
    if development.sha256 == applied:
        return wrong(
            EDGE_FUNCTIONS,
            f"{name} runs {running}: the applied code is in DEVELOPMENT and was not published",
            f"aws cloudfront publish-function --name {name} --if-match {development.etag}",
        )
    if live.sha256 == applied:
        return wrong(
            EDGE_FUNCTIONS,
            f"{name} has code in DEVELOPMENT that is neither published nor applied completely",
            APPLY,
        )
    return wrong(EDGE_FUNCTIONS, f"{name} runs {running}", APPLY)


def _code(subject: StackUnderTest, name: str, stage: "FunctionStageType") -> StageCode:
    try:
        found = subject.clients.cloudfront.get_function(Name=name, Stage=stage)
    except ClientError as refused:
        if refused.response["Error"]["Code"] == "NoSuchFunctionExists":
            return StageCode()
        raise
    return StageCode(sha256(found["FunctionCode"].read()).hexdigest(), found["ETag"])
