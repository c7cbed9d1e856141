"""S3's events that come by way of EventBridge; a bucket sends all kinds there, each is a hint.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from collections.abc import Mapping

import msgspec

from shared.events.hint import Hint
from shared.events.reading import Name, bad, moment, shaped, shown

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
    """Say whether a message came from an EventBridge rule."""
    return "detail-type" in document


def read(document: Mapping[str, object]) -> tuple[Hint, ...]:
    """Return the event's one hint; unlike S3's own notifications, its key is not URL-encoded."""
    # Asked first, since the events of other services have other details.
    source = shaped(document, _Sender, what="an EventBridge event").source
    if source != SOURCE:
        raise bad(f"Expected an EventBridge event with source {SOURCE}, got {shown(source)}.")
    event = shaped(document, _Event, what="an S3 event of EventBridge")
    hint = Hint(
        bucket=event.detail.bucket.name,
        key=event.detail.object_.key,
        event=event.detail_type,
        happened_at=moment(event.time),
    )
    return (hint,)
