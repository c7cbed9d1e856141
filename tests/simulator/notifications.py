"""The messages about a change in S3: its own, through SNS, and through EventBridge.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from tests.simulator.refusals import ACCOUNT, REGION

REMOVED = "ObjectRemoved:"
MARKER_CREATED = "ObjectRemoved:DeleteMarkerCreated"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:sources"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a bucket; `event` is S3's name for it, without `s3:`.

    A removal has no size, and no ETag unless it is a delete marker's; a bucket without versions
    has no version id.
    """

    event: str
    bucket: str
    key: str
    sequencer: str
    at: float
    etag: str | None = None
    size_bytes: int | None = None
    version_id: str | None = None


def notification(change: Change) -> str:
    """Return the body of the message that S3 sends to a queue: one record."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": _moment(change.at),
        "eventName": change.event,
        "userIdentity": {"principalId": "AWS:SIMULATOR"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": change.sequencer, "x-amz-id-2": "simulator"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "sources",
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": "SIMULATOR"},
                "arn": f"arn:aws:s3:::{change.bucket}",
            },
            "object": _object(change, key=quote_plus(change.key, safe="/")),
        },
    }
    return json.dumps({"Records": [record]})


def setup_event(bucket: str, at: float) -> str:
    """Return the test event that S3 sends when notifications are configured: it names no key."""
    return json.dumps(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": _moment(at),
            "Bucket": bucket,
            "RequestId": "SIMULATOR",
            "HostId": "simulator",
        }
    )


def through_sns(body: str, at: float) -> str:
    """Return a notification as a topic without raw delivery puts it on a queue."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "00000000-0000-4000-8000-000000000000",
            "TopicArn": TOPIC_ARN,
            "Subject": "Amazon S3 Notification",
            "Message": body,
            "Timestamp": _moment(at),
            "SignatureVersion": "1",
            "Signature": "simulator",
            "SigningCertURL": "https://sns.example/certificate.pem",
            "UnsubscribeURL": "https://sns.example/unsubscribe",
        }
    )


def through_eventbridge(change: Change) -> str:
    """Return a change as an EventBridge rule puts it on a queue: its key is not encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    removed = change.event.startswith(REMOVED)
    described = _object(change, key=change.key)
    if removed:
        described.pop("eTag", None)
    words = {"eTag": "etag", "versionId": "version-id"}
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": change.bucket},
        "object": {words.get(name, name): value for name, value in described.items()},
        "request-id": change.sequencer,
        "requester": ACCOUNT,
        "source-ip-address": "192.0.2.1",
        "reason": "DeleteObject" if removed else "PutObject",
    }
    if removed:
        is_marker = change.event == MARKER_CREATED
        detail["deletion-type"] = "Delete Marker Created" if is_marker else "Permanently Deleted"
    return json.dumps(
        {
            "version": "0",
            "id": "00000000-0000-4000-8000-000000000000",
            "detail-type": "Object Deleted" if removed else "Object Created",
            "source": "aws.s3",
            "account": ACCOUNT,
            "time": _moment(change.at),
            "region": REGION,
            "resources": [f"arn:aws:s3:::{change.bucket}"],
            "detail": detail,
        }
    )


def _object(change: Change, *, key: str) -> dict[str, object]:
    described: dict[str, object] = {"key": key, "sequencer": change.sequencer}
    if change.size_bytes is not None:
        described["size"] = change.size_bytes
    if change.etag is not None:
        described["eTag"] = change.etag
    if change.version_id is not None:
        described["versionId"] = change.version_id
    return described


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:23] + "Z"
