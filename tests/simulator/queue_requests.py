"""What SQS checks of a request, and how it names what it refuses."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulator.refusals import refusal

Attributes = Mapping[str, Mapping[str, Any]]

MAX_BATCH = 10
MAX_ATTRIBUTES = 10
MAX_BYTES = 1_048_576
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def asked_of(known: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the attributes that a request asks for."""
    if not names:
        return {}
    if "All" in names:
        return dict(known)
    return {name: known[name] for name in names if name in known}


def check_message(body: str, attributes: Attributes) -> None:
    """Refuse a message that SQS does not accept."""
    operation = "SendMessage"
    if not body:
        message = "The request must contain the parameter MessageBody."
        raise refusal(operation, "MissingParameter", 400, message)
    if len(attributes) > MAX_ATTRIBUTES:
        raise invalid(operation, f"Number of message attributes [{len(attributes)}] exceeds 10.")
    size = len(body.encode("utf-8", "surrogatepass"))
    for name, attribute in attributes.items():
        value = attribute.get("StringValue", "")
        if not value:
            raise invalid(operation, f"Message attribute '{name}' must contain a value.")
        if ILLEGAL.search(value):
            raise invalid(operation, f"Message attribute '{name}' has invalid characters.")
        size += len(name) + len(attribute["DataType"]) + len(value.encode())
    if ILLEGAL.search(body):
        message = "Invalid characters found."
        raise refusal(operation, "InvalidMessageContents", 400, message)
    if size > MAX_BYTES:
        raise invalid(operation, f"Message must be shorter than {MAX_BYTES} bytes.")


def check_entries(operation: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a batch of no entries, of too many, or of two with the same id."""
    service = "AWS.SimpleQueueService."
    if not entries:
        raise refusal(operation, f"{service}EmptyBatchRequest", 400, "There are no entries.")
    if len(entries) > MAX_BATCH:
        code = f"{service}TooManyEntriesInBatchRequest"
        raise refusal(operation, code, 400, f"Maximum number of entries is {MAX_BATCH}.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        code = f"{service}BatchEntryIdsNotDistinct"
        raise refusal(operation, code, 400, "Two entries have the same Id.")


def invalid(operation: str, message: str) -> Exception:
    """Return the refusal of a parameter."""
    return refusal(operation, "InvalidParameterValue", 400, message)
