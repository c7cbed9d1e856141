"""S3 events from EventBridge, of every detail type: S3 sends all of them once it is turned on.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from collections.abc import Mapping

import msgspec

from shared.events.hint import Hint
from shared.events.parsing import Name, ascii_excerpt, bad_message, convert, timestamp

SOURCE = "aws.s3"


class _Bucket(msgspec.Struct):
    name: Name


class _Object(msgspec.Struct):
    key: Name


class _Detail(msgspec.Struct):
    bucket: _Bucket
    object_: _Object = msgspec.field(name="object")


class _Event(msgspec.Struct):
    source: str
    detail_type: str = msgspec.field(name="detail-type")
    detail: _Detail
    time: object = None


class _Sender(msgspec.Struct):
    source: str


def recognises(document: Mapping[str, object]) -> bool:
    """Return whether a message has the form of an EventBridge event."""
    return "detail-type" in document


def read(document: Mapping[str, object]) -> tuple[Hint, ...]:
    """Return the event's hint; unlike in S3 notifications, the key is not URL-encoded.

    Raises `BadMessage` for events of other services, and for unexpected fields.
    """
    # Checked first, because the events of other services have other details.
    source = convert(document, _Sender, what="an EventBridge event").source
    if source != SOURCE:
        raise bad_message(
            f"Expected an EventBridge event with source {SOURCE}, got {ascii_excerpt(source)}."
        )
    event = convert(document, _Event, what="an S3 event of EventBridge")
    hint = Hint(
        bucket=event.detail.bucket.name,
        key=event.detail.object_.key,
        event=event.detail_type,
        happened_at=timestamp(event.time),
    )
    return (hint,)
