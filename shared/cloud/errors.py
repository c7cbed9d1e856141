"""Translates what AWS and the network say into our failures, once, and retries what may pass.

`Missing`, `Unchanged` and `ConditionRefused` are answers, not failures: the adapters expect them.
"""

import time
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
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from tenacity.stop import stop_base
from urllib3.exceptions import HTTPError

from shared.cloud.clients import CALL_SECONDS, CONNECT_SECONDS, READ_SECONDS
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

ATTEMPTS = 4
SERVER_ERRORS = 500


class Missing(PixfleetError):
    """The object, queue or table is not there."""


class ConditionRefused(PixfleetError):
    """A conditional call found another state; `found` is the ledger's item, if it was sent."""

    def __init__(self, message: str, found: object = None) -> None:
        super().__init__(message)
        self.found = found


class Unchanged(PixfleetError):
    """The object is the one that we have already."""


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
    # Two writers at once, and S3 asks to try again:
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
    # SNS has words of its own: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
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
    # What botocore would retry by itself, with other statuses than 5xx:
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


def attempt(call: Callable[[], Answer], *, stage: str) -> Answer:
    """Return what an AWS call returns, retrying briefly; the queue retries at length.

    Every call passed here must be safe to repeat: a lost response looks like a lost request.
    """
    retrying: Callable[..., Answer] = Retrying(
        retry=retry_if_exception_type((Throttled, StorageUnavailable, LedgerUnavailable)),
        # The last attempt must not start so late that it ends after CALL_SECONDS.
        stop=stop_after_attempt(ATTEMPTS)
        | _StopBefore(CALL_SECONDS - CONNECT_SECONDS - READ_SECONDS),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        reraise=True,
    )
    return retrying(once, call, stage=stage)


class _StopBefore(stop_base):
    """Start no attempt after so many seconds by the wall clock.

    tenacity's own counts on a clock that may stand still while Lambda has frozen the process, and
    a write repeated after a thaw could come later than the lease that it was meant for.
    """

    def __init__(self, seconds: float) -> None:
        self._latest = time.time() + seconds

    def __call__(self, retry_state: RetryCallState) -> bool:
        return time.time() + retry_state.upcoming_sleep > self._latest


def once(call: Callable[[], Answer], *, stage: str) -> Answer:
    """Return what an AWS call returns, trying it a single time."""
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
