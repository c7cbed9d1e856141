"""Every error that AWS declares for our calls has a class; another one has that of its status."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ServiceModel, StructureShape

from shared.cloud import errors
from shared.cloud.errors import ConditionRefused, Missing, translated
from shared.model.errors import (
    AccessDenied,
    Failure,
    LedgerUnavailable,
    Outside,
    PixfleetError,
    SourceEncrypted,
    StorageUnavailable,
    Throttled,
    Unknown,
)
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
SERVICES = (
    *("s3", "sqs", "dynamodb", "sns", "cloudfront"),
    *("cloudwatch", "events", "lambda", "logs", "ssm", "sts"),  # only `pixfleet` calls these
)
CALL = re.compile(r"\.get_paginator\(\s*\"(\w+)\"|\.(\w+)\(")
S3_CODE = re.compile(r"<i>Code:</i>\s*(\w+)\s*</p>")
# As S3 answers: https://github.com/minio/minio/pull/4894 quotes it.
SSE_C = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be "
    "provided to retrieve the object."
)


def model_of(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def called() -> set[str]:
    """Return the name of everything that worker, command and adapters call as a method."""
    files = [
        path
        for part in ("shared", "worker", "scripts/pixfleet")
        for path in (ROOT / part).rglob("*.py")
    ]
    return {
        name
        for path in files
        for found in CALL.findall(path.read_text())
        for name in found
        if name
    }


def declared() -> Iterator[tuple[str, str]]:
    """Yield each operation that we call, and each code with which it may be refused."""
    names = called()
    for service in SERVICES:
        model = model_of(service)
        ours = [name for name in model.operation_names if xform_name(name) in names]
        for operation in ours:
            for shape in errors_of(model, operation):
                # SQS and SNS send the code or the name of the shape, by the protocol.
                for code in {shape.error_code, shape.name.removesuffix("Exception")}:
                    yield f"{service}.{operation}", code


def errors_of(model: ServiceModel, operation: str) -> list[StructureShape]:
    shapes: list[StructureShape] = model.operation_model(operation).error_shapes  # type: ignore[assignment] # the stubs say Shape
    return shapes


def refusal(code: str, status: int, *, stage: str = "put", message: str = "") -> PixfleetError:
    def call() -> None:
        raise client_error(code, status, message=message)

    with pytest.raises(PixfleetError) as caught:
        translated(call, stage=stage)
    return caught.value


def decided(code: str) -> bool:
    return {code, f"{code}Exception"} & errors._CLASSES.keys() != set()


def test_every_declared_error_of_our_operations_has_a_class() -> None:
    found = list(declared())

    operations = {operation for operation, _ in found}
    assert {"s3.PutObject", "sqs.SendMessageBatch", "dynamodb.UpdateItem"} <= operations
    assert {"sns.Publish", "cloudfront.CreateInvalidation"} <= operations
    assert {"logs.FilterLogEvents", "events.ListTargetsByRule"} <= operations
    assert {"lambda.GetFunctionConfiguration", "ssm.GetParametersByPath"} <= operations
    assert [each for each in found if not decided(each[1])] == []


def test_every_code_in_the_list_of_s3_has_a_class() -> None:
    documentation = model_of("s3").shape_for("Error").members["Code"].documentation  # type: ignore[attr-defined] # a structure

    codes = set(S3_CODE.findall(documentation))

    assert len(codes) > 50
    assert {code for code in codes if not decided(code)} == set()


def test_every_error_of_kms_that_a_service_passes_on_has_a_class() -> None:
    model = model_of("kms")
    codes = {
        f"KMS.{shape.error_code}"
        for operation in ("GenerateDataKey", "Decrypt")
        for shape in errors_of(model, operation)
    }

    assert {type(refusal(code, 400)) for code in codes} == {AccessDenied, StorageUnavailable}
    assert {code for code in codes if not decided(code)} == set()


def test_no_code_has_two_classes() -> None:
    counts = Counter(code for codes in errors._BY_CLASS.values() for code in codes.split())

    assert [code for code, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccountProblem", 403, AccessDenied),
        ("BadDigest", 400, StorageUnavailable),
        ("ExpiredToken", 400, AccessDenied),
        ("TooManyInvalidationsInProgress", 400, Throttled),
        ("IncompleteBody", 400, StorageUnavailable),
        ("ItemCollectionSizeLimitExceededException", 400, Unknown),
        ("KMS.DisabledException", 400, AccessDenied),
        ("KMS.InvalidStateException", 400, AccessDenied),
        ("KMS.KMSInternalException", 500, StorageUnavailable),
        ("KmsInvalidKeyUsage", 400, AccessDenied),
        ("KmsOptInRequired", 403, AccessDenied),
        ("OperationAborted", 409, StorageUnavailable),
        ("OverLimit", 403, Throttled),
        ("PermanentRedirect", 301, StorageUnavailable),
        ("PurgeQueueInProgress", 403, StorageUnavailable),
        ("ReplicatedWriteConflictException", 400, StorageUnavailable),
        ("RequestExpired", 400, StorageUnavailable),
        ("RequestTimeTooSkewed", 403, StorageUnavailable),
        ("TokenRefreshRequired", 400, AccessDenied),
        ("TransactionConflictException", 400, StorageUnavailable),
        ("XAmzContentSHA256Mismatch", 400, StorageUnavailable),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, StorageUnavailable),
    ],
)
def test_a_code_outweighs_its_status(code: str, status: int, kind: type[Failure]) -> None:
    assert type(refusal(code, status)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, StorageUnavailable),
        (400, Unknown),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, StorageUnavailable),
        (408, StorageUnavailable),
        (409, StorageUnavailable),
        (413, Unknown),
        (429, Throttled),
        (500, StorageUnavailable),
        (501, StorageUnavailable),
        (503, StorageUnavailable),
        (599, StorageUnavailable),
    ],
)
def test_an_unknown_code_has_the_class_of_its_status(status: int, kind: type[Failure]) -> None:
    failure = refusal("CodeOfTomorrow", status)

    assert type(failure) is kind
    assert "CodeOfTomorrow" in str(failure)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 416, 429, 500, 503])
def test_an_unknown_code_never_says_that_a_source_is_missing(status: int) -> None:
    """A worker that takes a source for missing deletes its variants."""
    assert not isinstance(refusal("CodeOfTomorrow", status, stage="head"), Missing)


def test_an_unknown_refusal_of_a_key_is_access_denied() -> None:
    assert type(refusal("KMS.StateOfTomorrowException", 400)) is AccessDenied


def test_an_unknown_failure_of_kms_is_no_refusal() -> None:
    assert type(refusal("KMS.OutageOfTomorrowException", 503)) is StorageUnavailable


@pytest.mark.parametrize("code", ["InternalServerError", "TransactionConflictException", "409"])
def test_at_the_stage_of_the_ledger_it_is_the_ledger_that_is_unavailable(code: str) -> None:
    assert type(refusal(code, 409, stage="ledger")) is LedgerUnavailable


def test_a_condition_is_still_an_answer() -> None:
    assert type(refusal("412", 412)) is ConditionRefused


@pytest.mark.parametrize("message", [SSE_C, ""], ids=["SSE-C", "another reason"])
def test_only_an_object_with_its_owners_key_is_rejected_for_it(message: str) -> None:
    failure = refusal("InvalidRequest", 400, stage="fetch", message=message)

    assert type(failure) is (SourceEncrypted if message else Unknown)
    assert not isinstance(failure, Outside)
