"""The evaluator of IAM policies, and the rules that the rendered policies keep."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.iam.actions import ACCOUNT, REGION, UnknownCall, requests
from tests.support.iam.evaluator import (
    Request,
    UnknownPolicy,
    decide,
    read_policy,
)
from tests.support.iam.recorder import (
    API,
    PURGE,
    READER,
    REDRIVER,
    RENDERER,
    UPLOADER,
    WORKER,
    Recorder,
    policies,
)
from tests.support.iam.unneeded import UNNEEDED
from tests.support.iam.usage import differences

pytestmark = pytest.mark.unit

ALLOW: Mapping[str, Any] = {
    "Sid": "Read",
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/*",
}
REQUEST = Request("s3:GetObject", "arn:aws:s3:::b/a/c.jpg", (("aws:securetransport", "true"),))
SOURCES, VARIANTS = (f"arn:aws:s3:::pixfleet-{name}-{ACCOUNT}" for name in ("sources", "variants"))
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/pixfleet-"
SQS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:pixfleet-"


def is_allowed(request: Request, *statements: Mapping[str, Any]) -> bool:
    return decide(request, read_policy({"Statement": list(statements)})).is_allowed


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        pytest.param({}, True, id="the same action and a resource of the pattern"),
        pytest.param({"Action": "S3:getobject"}, True, id="the case of an action"),
        pytest.param({"Action": ["s3:Get*", "s3:PutObject"]}, True, id="a wildcard"),
        pytest.param({"Action": "s3:GetObjec?"}, True, id="one character"),
        pytest.param({"Action": "s3:Get?"}, False, id="one character only"),
        pytest.param({"Action": "s3:GetObjectVersion"}, False, id="a longer action"),
        pytest.param({"Resource": "arn:aws:s3:::b"}, False, id="the bucket itself"),
        pytest.param({"Resource": "arn:aws:s3:::b/??/*"}, False, id="another shard"),
        pytest.param({"Resource": "arn:aws:s3:::b/?/*"}, True, id="this shard"),
        pytest.param({"Resource": "arn:aws:s3:::B/*"}, False, id="the case of a resource"),
        pytest.param({"Effect": "Deny"}, False, id="a deny"),
        pytest.param(
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False, id="another value"
        ),
        pytest.param(
            {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True, id="the value"
        ),
        pytest.param(
            {"Condition": {"StringEquals": {"kms:ViaService": ["any"]}}}, False, id="no such key"
        ),
        pytest.param({"Principal": {"Service": "s3.amazonaws.com"}}, False, id="a service only"),
        pytest.param({"Principal": {"AWS": "*"}}, True, id="everybody"),
    ],
)
def test_a_statement_applies_to_what_it_names(
    changed: Mapping[str, Any], *, allowed: bool
) -> None:
    assert is_allowed(REQUEST, {**ALLOW, **changed}) == allowed


def test_without_a_statement_a_request_is_denied() -> None:
    assert not is_allowed(REQUEST)


def test_a_deny_wins_whatever_the_order() -> None:
    deny = {**ALLOW, "Effect": "Deny", "Action": "s3:*", "Resource": "*"}

    assert not is_allowed(REQUEST, ALLOW, deny)
    assert not is_allowed(REQUEST, deny, ALLOW)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [("arn:aws:cloudwatch:*:1:alarm:p-*", True), ("arn:aws:cloudwatch:*:alarm:p-*", False)],
)
def test_a_wildcard_of_an_arn_condition_does_not_match_a_colon(
    pattern: str, *, matches: bool
) -> None:
    found = replace(REQUEST, context=(("aws:sourcearn", "arn:aws:cloudwatch:r:1:alarm:p-x"),))

    condition = {"Condition": {"ArnLike": {"aws:SourceArn": pattern}}}
    assert is_allowed(found, {**ALLOW, **condition}) == matches


@pytest.mark.parametrize(
    ("prefix", "matches"), [("uploads/", True), ("uploads/a.jpg", True), ("private/a.jpg", False)]
)
def test_a_wildcard_of_a_text_matches_any_characters(prefix: str, *, matches: bool) -> None:
    found = replace(REQUEST, context=(("s3:prefix", prefix),))

    condition = {"Condition": {"StringLike": {"s3:prefix": "uploads/*"}}}
    assert is_allowed(found, {**ALLOW, **condition}) == matches


@pytest.mark.parametrize(
    "unknown",
    [
        {"Condition": {"StringNotLike": {"s3:prefix": "a*"}}},
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}},
        {"NotAction": "s3:*"},
        {"NotResource": "*"},
        {"Resource": "arn:aws:s3:::b/${aws:username}/*"},
    ],
    ids=str,
)
def test_what_is_not_evaluated_is_refused(unknown: Mapping[str, Any]) -> None:
    with pytest.raises(UnknownPolicy):
        read_policy({"Statement": [{**ALLOW, **unknown}]})


def test_a_call_whose_permissions_are_not_known_is_denied() -> None:
    recorder = Recorder()

    recorder.note(WORKER, "s3", "PutBucketPolicy", {"Bucket": "sources"})

    assert recorder.take_denied() == [
        "s3.PutBucketPolicy: add its permissions to tests.support.iam.actions"
    ]
    with pytest.raises(UnknownCall):
        requests("s3", "PutBucketPolicy", {})


def test_a_call_that_no_statement_allows_is_denied_with_its_resource() -> None:
    recorder = Recorder()

    recorder.note(WORKER, "s3", "PutObject", {"Bucket": "variants", "Key": "_recipes/a.json"})
    recorder.note(WORKER, "s3", "PutObject", {"Bucket": "variants", "Key": "50/a.jpg/w.webp"})

    assert recorder.take_denied() == [
        f"worker: s3:PutObject on {VARIANTS}/_recipes/a.json for s3.PutObject"
    ]
    assert recorder.take_denied() == []


@pytest.mark.parametrize(
    ("name", "parameters", "actions"),
    [
        (
            "s3.PutObject",
            {"Bucket": "b", "Key": "k", "Tagging": "a=b"},
            {"s3:PutObject", "s3:PutObjectTagging", "kms:GenerateDataKey"},
        ),
        (
            "s3.HeadObject",
            {"Bucket": "b", "Key": "k"},
            {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"},
        ),
        (
            "s3.DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "l", "VersionId": "1"}]}},
            {"s3:DeleteObject", "s3:DeleteObjectVersion"},
        ),
        (
            "s3.CopyObject",
            {
                "Bucket": "b",
                "Key": "k",
                "CopySource": {"Bucket": "b", "Key": "j"},
                "Tagging": "t",
                "TaggingDirective": "REPLACE",
            },
            {
                "s3:GetObject",
                "s3:PutObject",
                "s3:PutObjectTagging",
                "kms:Decrypt",
                "kms:GenerateDataKey",
            },
        ),
        (
            "sqs.SendMessageBatch",
            {"QueueUrl": "https://sqs/1/q"},
            {"sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"},
        ),
    ],
)
def test_a_call_needs_these_actions(
    name: str, parameters: Mapping[str, Any], actions: set[str]
) -> None:
    service, _, operation = name.partition(".")

    assert {each.action for each in requests(service, operation, parameters)} == actions


def test_a_query_on_an_index_needs_the_index() -> None:
    query, _ = requests("dynamodb", "Query", {"TableName": "t", "IndexName": "i"})

    assert query.resource.endswith(":table/t/index/i")


def test_every_rendered_policy_can_be_evaluated() -> None:
    found = policies()

    assert set(found.roles) == {WORKER, RENDERER, PURGE, API, READER, REDRIVER, UPLOADER}
    assert set(found.resources) == {
        SOURCES,
        VARIANTS,
        *(f"{SQS}{name}" for name in ("bulk", "dead-letter", "live", "purge")),
    }


@pytest.mark.parametrize("resource", policies().resources)
def test_a_resource_refuses_everything_without_tls(resource: str) -> None:
    action = "s3:GetObject" if ":s3:" in resource else "sqs:ReceiveMessage"
    inside = f"{resource}/50/a.jpg/w64.webp" if ":s3:" in resource else resource
    plain = Request(action, inside, (("aws:securetransport", "false"),))

    role = [each for statements in policies().roles.values() for each in statements]
    assert not decide(plain, [*role, *policies().resources[resource]]).is_allowed


@pytest.mark.parametrize(
    ("principal", "action", "resource", "context", "allowed"),
    [
        pytest.param("events", "sqs:SendMessage", f"{SQS}live", {}, True, id="events arrive"),
        pytest.param(
            "events", "sqs:SendMessage", f"{SQS}live", {"aws:sourcearn": f"{RULE}other"}, False,
            id="another rule's events",
        ),
        pytest.param(
            "events", "sqs:SendMessage", f"{SQS}live",
            {"aws:sourcearn": f"arn:aws:events:{REGION}:999999999999:rule/pixfleet-live"}, False,
            id="another account's events",
        ),
        pytest.param("events", "sqs:ReceiveMessage", f"{SQS}live", {}, False, id="receiving"),
        pytest.param(
            "events", "sqs:SendMessage", f"{SQS}dead-letter", {}, True,
            id="EventBridge sends what it cannot deliver",
        ),
        pytest.param("sns", "sqs:SendMessage", f"{SQS}live", {}, False, id="another service"),
        pytest.param(
            "cloudfront", "s3:GetObject", f"{VARIANTS}/50/a.jpg/w64.webp",
            {"aws:sourcearn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E2EXAMPLE"}, True,
            id="the distribution reads a variant",
        ),
        pytest.param(
            "cloudfront", "s3:GetObject", f"{VARIANTS}/50/a.jpg/w64.webp",
            {"aws:sourcearn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/OTHER"}, False,
            id="another distribution",
        ),
        pytest.param(
            "cloudfront", "s3:GetObject", f"{VARIANTS}/_recipes/a.json",
            {"aws:sourcearn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E2EXAMPLE"}, False,
            id="the distribution reads recipes",
        ),
        pytest.param(
            "cloudfront", "s3:GetObject", f"{SOURCES}/a.jpg",
            {"aws:sourcearn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E2EXAMPLE"}, False,
            id="the distribution reads a source",
        ),
    ],
)  # fmt: skip
def test_a_service_may_do_its_part_only(
    principal: str, action: str, resource: str, context: Mapping[str, str], *, allowed: bool
) -> None:
    found = {
        "aws:securetransport": "true",
        "aws:sourceaccount": ACCOUNT,
        "aws:sourcearn": f"{RULE}live",
        **context,
    }
    request = Request(
        action,
        resource,
        tuple(found.items()),
        ("Service", f"{principal}.amazonaws.com"),
    )

    owner = resource.partition("/")[0]
    assert decide(request, policies().resources[owner]).is_allowed == allowed


def test_a_permission_that_nothing_needs_has_to_be_listed() -> None:
    needed, extra, listed = (("worker", "S", f"s3:{name}") for name in ("A", "B", "C"))

    found = list(differences([needed, listed], [needed, extra], {listed: "why"}))

    assert [each.partition(":")[0] for each in found] == ["No test needs s3"] * 1 + [
        "A test needs s3",
        "The worker has no s3",
    ]


def test_every_unneeded_permission_has_a_reason() -> None:
    assert all(reason.endswith(".") for reason in UNNEEDED.values())
