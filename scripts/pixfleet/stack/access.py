"""The message and the exit code for each error of AWS, the network or the credentials."""

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from scripts.pixfleet.terminal.exits import BAD_INPUT, FAILED
from shared.cloud.errors import class_of
from shared.model.errors import AccessDenied, PixfleetError, StorageUnavailable, Throttled

# What botocore and the adapters raise: one cause for all that AWS, network or credentials refuse.
AwsError = (ClientError, BotoCoreError)
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN_KEY = {
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


# The end of a code by which a service says that something does not exist.
_NOT_THERE = re.compile(r"^404$|NotFound(Exception)?$|DoesNotExist$|^NoSuch|NonExistentQueue$")


def is_denied(refused: ClientError) -> bool:
    """Return whether AWS refused a call because a permission is missing."""
    return class_of(refused) is AccessDenied


def aws_error_of(error: Exception) -> ClientError | BotoCoreError | None:
    """Return the error of AWS that an error is, or that it was translated from."""
    for each in (error, error.__cause__):
        if isinstance(each, AwsError):
            return each
    return None


def why_refused(error: Exception) -> tuple[str, int]:
    """Return the message and the exit code for an error of a call, translated or not."""
    refused = aws_error_of(error)
    return message_and_code(refused) if refused else (str(error), FAILED)


def message_and_code(refused: ClientError | BotoCoreError) -> tuple[str, int]:
    """Return the message for the user and the exit code."""
    if isinstance(refused, ClientError):
        return _client_error(refused)
    if isinstance(refused, NoCredentialsError | PartialCredentialsError):
        return (
            (
                "No AWS credentials were found: name a profile (--profile), sign in "
                "(`aws sso login`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ),
            BAD_INPUT,
        )
    if isinstance(refused, NoRegionError):
        return ("No AWS region is set: use --region, or set AWS_REGION.", BAD_INPUT)
    if isinstance(refused, ProfileNotFound):
        return (f"{refused}: `aws configure list-profiles` lists the profiles.", BAD_INPUT)
    if isinstance(refused, EndpointConnectionError | HTTPClientError):
        return (
            (
                f"AWS did not answer: {refused} Check --endpoint-url, --region and the network; "
                "`make up` starts a local AWS."
            ),
            FAILED,
        )
    return (f"The AWS settings cannot be used: {refused}", BAD_INPUT)


def _client_error(refused: ClientError) -> tuple[str, int]:
    error = refused.response.get("Error", {})
    code, message = error.get("Code", ""), error.get("Message", "").rstrip(". ")
    operation = refused.operation_name
    if code in _EXPIRED:
        return ("The AWS session has expired: sign in again (`aws sso login`).", BAD_INPUT)
    if code in _UNKNOWN_KEY:
        return (f"AWS does not know these credentials ({code}): check --profile.", BAD_INPUT)
    if (kind := class_of(refused)) is AccessDenied:
        detail = f": {message}" if message else ""
        return (
            f"You may not {operation}{detail}. `pixfleet doctor` lists what is needed.",
            FAILED,
        )
    return (_refusal(kind, operation, f"{code}: {message}" if message else code), FAILED)


def _refusal(kind: type[PixfleetError], operation: str, answer: str) -> str:
    code = answer.partition(":")[0]
    if kind is Throttled:
        return f"AWS throttles {operation} ({answer}): wait a minute, then try again."
    if _NOT_THERE.search(code):
        return f"AWS does not find what {operation} names ({answer}): `pixfleet doctor` checks it."
    if kind is StorageUnavailable and not code.startswith(("30", "Redirect", "PermanentRedirect")):
        return f"AWS could not answer {operation} ({answer}): try again in a minute."
    return f"AWS refused {operation}: {answer}"
