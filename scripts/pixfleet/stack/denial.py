"""What a person may not do, as AWS words it for each service."""

from botocore.exceptions import ClientError

DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    }
)


def is_denied(refused: ClientError) -> bool:
    """Say whether it is a permission that is missing."""
    return refused.response.get("Error", {}).get("Code", "") in DENIED
