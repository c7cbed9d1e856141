"""Notifications that come by way of an SNS topic without raw delivery.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from collections.abc import Mapping

import msgspec

from shared.events.reading import bad, shaped, shown

NOTIFICATION = "Notification"


class _Envelope(msgspec.Struct, rename="pascal"):
    type: str
    message: str


def recognises(document: Mapping[str, object]) -> bool:
    """Say whether a message came from an SNS topic."""
    return "TopicArn" in document


def inner_body(document: Mapping[str, object]) -> str:
    """Return the message that was published to the topic."""
    envelope = shaped(document, _Envelope, what="an SNS notification")
    if envelope.type != NOTIFICATION:
        raise bad(
            f"Expected an SNS message of type {NOTIFICATION}, got {shown(envelope.type)}:"
            " confirm the queue's subscription to its topic first."
        )
    return envelope.message
