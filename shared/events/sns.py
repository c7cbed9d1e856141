"""SNS notifications, as a subscription without raw message delivery sends them to a queue.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from collections.abc import Mapping

import msgspec

from shared.events.parsing import ascii_excerpt, bad_message, convert

NOTIFICATION = "Notification"


class _Envelope(msgspec.Struct, rename="pascal"):
    type: str
    message: str


def recognises(document: Mapping[str, object]) -> bool:
    """Return whether a message has the form of an SNS message."""
    return "TopicArn" in document


def inner_body(document: Mapping[str, object]) -> str:
    """Return the body that was published to the topic; `BadMessage` for other types of message."""
    envelope = convert(document, _Envelope, what="an SNS notification")
    if envelope.type != NOTIFICATION:
        raise bad_message(
            f"Expected an SNS message of type {NOTIFICATION}, got {ascii_excerpt(envelope.type)}."
            " Confirm the queue's subscription to the topic first."
        )
    return envelope.message
