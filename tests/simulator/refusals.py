"""The errors that botocore raises for AWS's error responses."""

from typing import Any

from botocore.exceptions import ClientError

ACCOUNT, REGION = "000000000000", "us-east-1"


def refusal(operation: str, code: str, status: int, message: str, **extra: object) -> ClientError:
    """Return the error for a response; `extra` holds further fields of it, such as an item."""
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(response, operation)  # type: ignore[arg-type] # the stubs want every field
