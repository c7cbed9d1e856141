"""The sentence and the exit code for each way in which AWS refuses a command."""

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


def sentence(refused: ClientError | BotoCoreError) -> tuple[str, int]:
    """Return the message for the user and the exit code."""
    if isinstance(refused, ClientError):
        return _of_aws(refused)
    if isinstance(refused, NoCredentialsError | PartialCredentialsError):
        return (
            (
                "No AWS credentials were found: name a profile (--profile), sign in "
                "(`aws sso login`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ),
            BAD_INPUT,
        )
    if isinstance(refused, NoRegionError):
        return ("No AWS region is set: say --region, or set AWS_DEFAULT_REGION.", BAD_INPUT)
    if isinstance(refused, ProfileNotFound):
        return (f"{refused}: `aws configure list-profiles` lists those there are.", BAD_INPUT)
    if isinstance(refused, EndpointConnectionError | HTTPClientError):
        return (
            (
                f"AWS did not answer: {refused} Look at --endpoint-url, --region and the network; "
                "`make up` starts the local one."
            ),
            FAILED,
        )
    return (f"The AWS settings cannot be used: {refused}", BAD_INPUT)


def _of_aws(refused: ClientError) -> tuple[str, int]:
    error = refused.response.get("Error", {})
    code, words = error.get("Code", ""), error.get("Message", "")
    doing = refused.operation_name
    if code in _EXPIRED:
        return ("The AWS session has expired: sign in again (`aws sso login`).", BAD_INPUT)
    if code in _UNKNOWN_KEY:
        return (f"AWS does not know these credentials ({code}): look at --profile.", BAD_INPUT)
    if is_denied(refused):
        told = f": {words}" if words else ""
        return (f"You may not {doing}{told}. `pixfleet doctor` lists what is needed.", FAILED)
    return (f"AWS refused {doing}: {code}: {words}", FAILED)
