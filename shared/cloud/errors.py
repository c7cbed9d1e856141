"""Translates the errors of AWS and of the network into ours.

`Missing`, `Unchanged` and `ConditionRefused` are answers, not failures: the adapters expect them.

The table has a code because we have decided about it, not because we expect it. Its sources are
botocore's service models, which declare the errors of each operation and list S3's codes at its
shape `Error`, and
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html,
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html and
https://docs.aws.amazon.com/boto3/latest/guide/retries.html#standard-retry-mode.
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
    SourceEncrypted,
    StorageUnavailable,
    Throttled,
    Unknown,
)

Answer = TypeVar("Answer")

REFUSED = frozenset({401, 403})
AGAIN_LATER = frozenset({404, 408, 409})
TOO_MANY_REQUESTS = 429
REDIRECT = 300
CLIENT_ERROR = 400
SERVER_ERRORS = 500
# SQS says NonExistentQueue with this prefix, and other codes with or without it.
QUEUE_PREFIX = "AWS.SimpleQueueService."
# The code of an object that was stored with its owner's own key (SSE-C), and what S3 says then.
CUSTOMER_KEY_CODE = "InvalidRequest"
CUSTOMER_KEY_MESSAGE = "stored using a form of Server Side Encryption"


class Missing(PixfleetError):
    """The object, queue or table does not exist."""


class ConditionRefused(PixfleetError):
    """A condition was not met; `found` is the ledger's item, if DynamoDB returned it."""

    def __init__(self, message: str, found: object = None) -> None:
        super().__init__(message)
        self.found = found


class Unchanged(PixfleetError):
    """The object has the ETag of the request (304)."""


_BY_CLASS: dict[type[PixfleetError], str] = {
    Unchanged: "304",
    Missing: "404 NoSuchKey",
    ConditionRefused: "412 ConditionalCheckFailedException PreconditionFailed",
    SourceArchived: "InvalidObjectState ObjectNotInActiveTierError",
    AccessDenied: """
        401 403 AccessDenied AccessDeniedException AccountProblem AllAccessDisabled
        AuthorizationError AuthorizationHeaderMalformed CredentialsNotSupported
        ExpiredToken ExpiredTokenException IncompleteSignature IncompleteSignatureException
        InvalidAccessKeyId InvalidClientTokenId InvalidPayer InvalidSecurity InvalidToken
        MissingAuthenticationToken MissingAuthenticationTokenException NotAuthorized NotSignedUp
        OptInRequired SignatureDoesNotMatch TokenRefreshRequired UnrecognizedClientException
        KMS.AccessDeniedException KMSAccessDenied KmsAccessDenied
        KMS.DisabledException KMSDisabled KmsDisabled
        KMS.DryRunOperationException KMS.IncorrectKeyException KMS.InvalidCiphertextException
        KMS.InvalidGrantTokenException
        KMS.InvalidKeyUsageException KmsInvalidKeyUsage
        KMS.InvalidStateException KMS.KMSInvalidStateException KMSInvalidState KmsInvalidState
        KMS.NotFoundException KMSNotFound KmsNotFound
        KMS.OptInRequired KMSOptInRequired KmsOptInRequired
        """,
    Throttled: """
        429 503 BandwidthLimitExceeded EC2ThrottledException LimitExceededException OverLimit
        ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled
        RequestThrottledException SlowDown Throttled ThrottledException Throttling
        ThrottlingException TooManyInvalidationsInProgress TooManyRequestsException
        TransactionInProgressException
        KMS.ThrottlingException KMSThrottling KmsThrottled
        """,
    # A table that does not exist, whatever called it.
    LedgerUnavailable: "ResourceNotFoundException TableNotFoundException",
    # Something that every image needs failed, or does not exist. At the stage of the ledger these
    # mean `LedgerUnavailable`.
    StorageUnavailable: """
        500 502 504 InternalError InternalException InternalFailure InternalServerError
        InternalServiceError InternalServiceFault ServiceException ServiceUnavailable
        ServiceUnavailableException
        KMS.DependencyTimeoutException KMS.KMSInternalException KMS.KeyUnavailableException
        InvalidAddress InvalidBucketName NoSuchBucket NoSuchDistribution
        NoSuchFunctionExists NonExistentQueue NotFound ParameterNotFound ParameterVersionNotFound
        QueueDeletedRecently QueueDoesNotExist
        301 307 IllegalLocationConstraintException PermanentRedirect Redirect TemporaryRedirect
        ConditionalRequestConflict InvalidBucketState OperationAborted PriorRequestNotComplete
        PurgeQueueInProgress ReplicatedWriteConflictException RestoreAlreadyInProgress
        TransactionConflict TransactionConflictException
        BadDigest IncompleteBody RequestAbortedException RequestExpired RequestTimeTooSkewed
        RequestTimeout RequestTimeoutException XAmzContentChecksumMismatch
        XAmzContentSHA256Mismatch
        """,
    # Mistakes in our own requests, and refusals of operations or options that we do not use.
    Unknown: """
        400 405 411 413 416 AmbiguousGrantByEmailAddress BatchEntryIdsNotDistinct
        BatchRequestTooLong BatchTooLarge BucketAlreadyExists BucketAlreadyOwnedByYou
        BucketNotEmpty
        CrossLocationLoggingProhibited EmptyBatchRequest EncryptionTypeMismatch EndpointDisabled
        EntityTooLarge EntityTooSmall IllegalVersioningConfigurationException
        IncorrectNumberOfFilesInPostRequest InlineDataTooLarge InvalidAddressingHeader
        InvalidArgument InconsistentQuantities InvalidationBatchAlreadyExists
        InvalidAttributeName InvalidAttributeValue InvalidBatchEntryId
        InvalidDigest InvalidEncryptionAlgorithmError InvalidFilterKey InvalidFilterOption
        InvalidFilterValue InvalidIdFormat InvalidKeyId
        InvalidLocationConstraint InvalidMessageContents InvalidNextToken InvalidParameter
        InvalidParameterCombination InvalidParameterException InvalidParameterValue
        InvalidParameterValueException InvalidPart InvalidPartOrder
        InvalidPolicyDocument InvalidRange InvalidRequest InvalidSOAPRequest
        InvalidStorageClass InvalidTargetBucketForLogging InvalidURI InvalidWriteOffset
        ItemCollectionSizeLimitExceededException KeyTooLongError MalformedACLError
        MalformedHttpRequestException MalformedPOSTRequest MalformedXML MaxMessageLengthExceeded
        MaxPostPreDataLengthExceededError MessageNotInflight MetadataTooLarge MethodNotAllowed
        MissingAttachment MissingBody MissingContentLength MissingParameter
        MissingRequestBodyError MissingRequiredParameter
        MissingSecurityElement MissingSecurityHeader NoLoggingStatusForKey NoSuchBucketPolicy
        NoSuchLifecycleConfiguration NoSuchUpload NoSuchVersion NotImplemented
        ParameterValueInvalid PlatformApplicationDisabled ReceiptHandleIsInvalid
        RequestEntityTooLargeException RequestIsNotMultiPartContent RequestTorrentOfBucketError
        TooManyBuckets TooManyEntriesInBatchRequest TooManyParts UnexpectedContent
        UnknownOperationException UnresolvableGrantByEmailAddress UnsupportedOperation
        UserKeyMustBeSpecified ValidationError ValidationException
        """,
}
_CLASSES = {code: kind for kind, codes in _BY_CLASS.items() for code in codes.split()}


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


def class_of(error: ClientError) -> type[PixfleetError]:
    """Return the class of an AWS error by its code, or else by its HTTP status."""
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _CLASSES.get(code) or _class_of_status(code, status)


def _from_client_error(error: ClientError, stage: str) -> PixfleetError:
    answer, code, kind = error.response.get("Error", {}), _code(error), class_of(error)
    if kind is ConditionRefused:
        return ConditionRefused(str(error), error.response.get("Item"))
    if code == CUSTOMER_KEY_CODE and CUSTOMER_KEY_MESSAGE in answer.get("Message", ""):
        kind = SourceEncrypted
    if kind is StorageUnavailable:
        kind = _unavailable(stage)
    return kind(str(error), stage=stage) if issubclass(kind, Failure) else kind(str(error))


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "").removeprefix(QUEUE_PREFIX)


def _class_of_status(code: str, status: int) -> type[PixfleetError]:
    """Return the class of a code that the table does not have.

    An unknown 404 is no `Missing`: a worker that takes a source for missing deletes its variants.
    """
    is_of_a_key = code.upper().startswith("KMS") and status < SERVER_ERRORS
    if is_of_a_key or status in REFUSED:
        return AccessDenied
    if status == TOO_MANY_REQUESTS:
        return Throttled
    is_outside = REDIRECT <= status < CLIENT_ERROR or status >= SERVER_ERRORS
    return StorageUnavailable if is_outside or status in AGAIN_LATER else Unknown


def _unavailable(stage: str) -> type[Failure]:
    return LedgerUnavailable if stage == "ledger" else StorageUnavailable
