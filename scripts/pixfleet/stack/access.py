"""The message and the exit code for each error of AWS, the network or the credentials."""

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

_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN_KEY = {
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


def is_denied(refused: ClientError) -> bool:
    """Return whether AWS refused a call because a permission is missing."""
    return refused.response.get("Error", {}).get("Code", "") in _DENIED


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
        return ("No AWS region is set: use --region, or set AWS_DEFAULT_REGION.", BAD_INPUT)
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
    code, message = error.get("Code", ""), error.get("Message", "")
    operation = refused.operation_name
    if code in _EXPIRED:
        return ("The AWS session has expired: sign in again (`aws sso login`).", BAD_INPUT)
    if code in _UNKNOWN_KEY:
        return (f"AWS does not know these credentials ({code}): check --profile.", BAD_INPUT)
    if is_denied(refused):
        detail = f": {message}" if message else ""
        return (
            f"You may not {operation}{detail}. `pixfleet doctor` lists what is needed.",
            FAILED,
        )
    return (f"AWS refused {operation}: {code}: {message}", FAILED)
