"""S3 event notifications.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from urllib.parse import unquote_plus

import msgspec

from shared.events.hint import Hint
from shared.events.parsing import Name, ascii_excerpt, bad_message, convert, timestamp

# AWS asks consumers to compare the major version for equality and to ignore unknown fields.
MAJOR_VERSION = "2"
SOURCE = "aws:s3"
TEST_EVENT = "s3:TestEvent"


class _Bucket(msgspec.Struct):
    name: Name


class _Object(msgspec.Struct):
    # ObjectRemoved events have no other field that is needed here.
    key: Name


class _Entity(msgspec.Struct):
    bucket: _Bucket
    object_: _Object = msgspec.field(name="object")


class _Record(msgspec.Struct, rename="camel"):
    event_version: str
    event_source: str
    event_name: str
    s3: _Entity
    event_time: object = None


class _Notification(msgspec.Struct):
    records: tuple[_Record, ...] = msgspec.field(name="Records")


def recognises(document: Mapping[str, object]) -> bool:
    """Return whether a message is an S3 notification, or S3's test event.

    S3 sends a test event each time notifications are configured.
    """
    return "Records" in document or document.get("Event") == TEST_EVENT


def read(document: Mapping[str, object]) -> tuple[Hint, ...]:
    """Return a hint for each record; empty for a test event. `BadMessage` for other fields."""
    if "Records" not in document:
        return ()
    notification = convert(document, _Notification, what="an S3 notification")
    return tuple(_hint(record) for record in notification.records)


def _hint(record: _Record) -> Hint:
    if record.event_source != SOURCE:
        raise bad_message(
            f"Expected eventSource {SOURCE}, got {ascii_excerpt(record.event_source)}."
        )
    if record.event_version.partition(".")[0] != MAJOR_VERSION:
        got = ascii_excerpt(record.event_version)
        raise bad_message(f"Expected eventVersion {MAJOR_VERSION}.x, got {got}.")
    return Hint(
        bucket=record.s3.bucket.name,
        key=_decoded(record.s3.object_.key),
        event=record.event_name,
        happened_at=timestamp(record.event_time),
    )


def _decoded(key: str) -> str:
    """Return the key as in S3: notifications hold `red flower.jpg` as `red+flower.jpg`."""
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        raise bad_message(
            f"Expected a key in percent-encoded UTF-8, got {ascii_excerpt(key)}."
        ) from error
