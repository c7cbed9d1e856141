"""Translates the errors of AWS and of the network into ours.

`Missing`, `Unchanged` and `ConditionRefused` are answers, not failures: the adapters expect them.
"""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from urllib3.exceptions import HTTPError

from shared.model.errors import (
    AccessDenied,
    Failure,
    LedgerUnavailable,
    PixfleetError,
    SourceArchived,
    StorageUnavailable,
    Throttled,
    Unknown,
)

Answer = TypeVar("Answer")

SERVER_ERRORS = 500


class Missing(PixfleetError):
    """The object, queue or table does not exist."""


class ConditionRefused(PixfleetError):
    """A condition was not met; `found` is the ledger's item, if DynamoDB returned it."""

    def __init__(self, message: str, found: object = None) -> None:
        super().__init__(message)
        self.found = found


class Unchanged(PixfleetError):
    """The object has the ETag of the request (304)."""


_CODES: dict[str, type[PixfleetError]] = {
    "304": Unchanged,
    "404": Missing,
    "NoSuchKey": Missing,
    "NoSuchBucket": StorageUnavailable,
    "AWS.SimpleQueueService.NonExistentQueue": StorageUnavailable,
    "QueueDoesNotExist": StorageUnavailable,
    "ResourceNotFoundException": LedgerUnavailable,
    "412": ConditionRefused,
    "PreconditionFailed": ConditionRefused,
    "ConditionalCheckFailedException": ConditionRefused,
    # Two writers at once; S3 asks to try again:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    "ConditionalRequestConflict": StorageUnavailable,
    "403": AccessDenied,
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "KMS.AccessDeniedException": AccessDenied,
    "AllAccessDisabled": AccessDenied,
    "ExpiredToken": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "InvalidClientTokenId": AccessDenied,
    "InvalidToken": AccessDenied,
    "KmsAccessDenied": AccessDenied,
    "KMS.DisabledException": AccessDenied,
    "KMS.KMSInvalidStateException": AccessDenied,
    "KMS.NotFoundException": AccessDenied,
    "KMS.ThrottlingException": Throttled,
    "KmsThrottled": Throttled,
    "UnrecognizedClientException": AccessDenied,
    # SNS has its own codes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    "AuthorizationError": AccessDenied,
    "InvalidSecurity": AccessDenied,
    "KMSAccessDenied": AccessDenied,
    "KMSDisabled": AccessDenied,
    "KMSInvalidState": AccessDenied,
    "KMSNotFound": AccessDenied,
    "KMSOptInRequired": AccessDenied,
    "KMSThrottling": Throttled,
    "NotFound": StorageUnavailable,
    "Throttled": Throttled,
    # The source was archived and has to be restored before it can be read.
    "InvalidObjectState": SourceArchived,
    "RequestTimeTooSkewed": StorageUnavailable,
    "InvalidAccessKeyId": AccessDenied,
    "SignatureDoesNotMatch": AccessDenied,
    "503": Throttled,
    # Codes with other statuses than 5xx that botocore would retry:
    # https://docs.aws.amazon.com/boto3/latest/guide/retries.html#standard-retry-mode
    "RequestTimeout": StorageUnavailable,
    "RequestTimeoutException": StorageUnavailable,
    "PriorRequestNotComplete": StorageUnavailable,
    "BandwidthLimitExceeded": Throttled,
    "EC2ThrottledException": Throttled,
    "LimitExceededException": Throttled,
    "ProvisionedThroughputExceededException": Throttled,
    "RequestLimitExceeded": Throttled,
    "RequestThrottled": Throttled,
    "RequestThrottledException": Throttled,
    "SlowDown": Throttled,
    "ThrottledException": Throttled,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "TooManyRequestsException": Throttled,
    "TransactionInProgressException": Throttled,
}


def translated(call: Callable[[], Answer], *, stage: str) -> Answer:
    """Return what an AWS call returns, or raise our error for the one that it raises."""
    try:
        return call()
    except ClientError as error:
        raise _from_client_error(error, stage) from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise AccessDenied(f"{type(error).__name__}: {error}", stage=stage) from error
    except ParamValidationError as error:
        raise Unknown(f"{type(error).__name__}: {error}", stage=stage) from error
    except (BotoCoreError, HTTPClientError, HTTPError) as error:
        raise _unavailable(stage)(f"{type(error).__name__}: {error}", stage=stage) from error


def _from_client_error(error: ClientError, stage: str) -> PixfleetError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = _CODES.get(code)
    if kind is ConditionRefused:
        return ConditionRefused(str(error), error.response.get("Item"))
    if kind is None:
        kind = _unavailable(stage) if status >= SERVER_ERRORS else Unknown
    return kind(str(error), stage=stage) if issubclass(kind, Failure) else kind(str(error))


def _unavailable(stage: str) -> type[Failure]:
    return LedgerUnavailable if stage == "ledger" else StorageUnavailable
