"""S3's event notifications."""

import hashlib
import json
from typing import Any
from urllib.parse import unquote_plus

from tests.contracts.engines import Engine

KEY = "a.jpg"
Record = dict[str, Any]  # JSON


def heard(engine: Engine, queue: str, *, events: int) -> list[Record]:
    """Return records in the order of their arrival, fewer than `events` if no more arrive."""
    records: list[Record] = []

    def listen() -> bool:
        answer = engine.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            records.extend(json.loads(message["Body"]).get("Records", []))
        return len(records) >= events

    engine.eventually(listen)
    return records


def put(engine: Engine, bucket: str, key: str = KEY, body: bytes = b"pixels") -> str:
    """Store an object and return its version, if there is one."""
    return engine.s3.put_object(Bucket=bucket, Key=key, Body=body).get("VersionId", "")


def subject(record: Record) -> Record:
    described: Record = record["s3"]["object"]
    return described


def test_setting_up_notifications_sends_a_test_event_without_records(engine: Engine) -> None:
    bucket = engine.bucket()

    queue = engine.notified_queue(bucket)

    (message,) = engine.eventually(
        lambda: engine.sqs.receive_message(QueueUrl=queue).get("Messages", [])
    )
    body = json.loads(message["Body"])
    assert "Records" not in body
    assert body["Event"] == "s3:TestEvent"
    assert body["Bucket"] == bucket
    assert set(body) == {"Service", "Event", "Time", "Bucket", "RequestId", "HostId"}


def test_a_put_event_has_key_size_and_bare_etag(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)

    put(engine, bucket)

    (record,) = heard(engine, queue, events=1)
    etag = engine.s3.head_object(Bucket=bucket, Key=KEY)["ETag"]
    assert record["eventVersion"].startswith("2.")
    assert record["eventSource"] == "aws:s3"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == bucket
    assert subject(record)["key"] == KEY
    assert subject(record)["size"] == 6
    assert subject(record)["eTag"] == etag.strip('"')


def test_each_message_has_one_record(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)

    put(engine, bucket, "a")
    put(engine, bucket, "b")

    def bodies() -> list[Record]:
        answer = engine.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    engine.eventually(lambda: len(bodies()) == 3)
    assert sorted(len(body.get("Records", [])) for body in bodies()) == [0, 1, 1]


def test_keys_are_encoded_as_in_html_forms(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)
    key = "red flower+50%20é@#?.jpg"

    put(engine, bucket, key)

    (record,) = heard(engine, queue, events=1)
    assert subject(record)["key"] == "red+flower%2B50%2520%C3%A9%40%23%3F.jpg"
    assert unquote_plus(subject(record)["key"]) == key


def test_slashes_in_keys_are_not_encoded(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)

    put(engine, bucket, "a//b c.jpg")

    (record,) = heard(engine, queue, events=1)
    assert subject(record)["key"] == "a//b+c.jpg"


def test_a_put_event_without_versioning_has_no_version(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)

    put(engine, bucket)

    (record,) = heard(engine, queue, events=1)
    assert "versionId" not in subject(record)


def test_an_overwrite_with_versions_is_a_put_with_its_version(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    queue = engine.notified_queue(bucket)

    versions = [put(engine, bucket), put(engine, bucket, body=b"others")]

    records = heard(engine, queue, events=2)
    assert [record["eventName"] for record in records] == ["ObjectCreated:Put"] * 2
    assert {subject(record).get("versionId") for record in records} == set(versions)


def test_a_delete_without_versioning_sends_a_delete_event(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)
    put(engine, bucket)

    engine.s3.delete_object(Bucket=bucket, Key=KEY)

    removed = heard(engine, queue, events=2)[-1]
    assert removed["eventName"] == "ObjectRemoved:Delete"
    assert subject(removed)["key"] == KEY


def test_a_removal_has_neither_size_nor_etag(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)
    put(engine, bucket)

    engine.s3.delete_object(Bucket=bucket, Key=KEY)

    removed = heard(engine, queue, events=2)[-1]
    assert set(subject(removed)) == {"key", "sequencer"}


def test_a_delete_with_versioning_sends_a_marker_event_with_its_version(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    queue = engine.notified_queue(bucket)
    put(engine, bucket)

    marker = engine.s3.delete_object(Bucket=bucket, Key=KEY)["VersionId"]

    removed = heard(engine, queue, events=2)[-1]
    assert removed["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert subject(removed).get("versionId") == marker


def test_a_delete_marker_event_has_the_etag_of_an_empty_object(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    queue = engine.notified_queue(bucket)
    put(engine, bucket)

    engine.s3.delete_object(Bucket=bucket, Key=KEY)

    removed = heard(engine, queue, events=2)[-1]
    assert subject(removed).get("eTag") == hashlib.md5(b"", usedforsecurity=False).hexdigest()
    assert "size" not in subject(removed)


def test_deleting_an_old_version_sends_a_delete_event_for_the_key(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    queue = engine.notified_queue(bucket)
    old = put(engine, bucket)
    put(engine, bucket, body=b"others")

    engine.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=old)

    removed = heard(engine, queue, events=3)[-1]
    assert removed["eventName"] == "ObjectRemoved:Delete"
    assert subject(removed).get("versionId") == old
    assert engine.s3.head_object(Bucket=bucket, Key=KEY)["ContentLength"] == 6


def test_an_undelete_sends_a_delete_event_although_the_object_is_back(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    queue = engine.notified_queue(bucket)
    put(engine, bucket)
    marker = engine.s3.delete_object(Bucket=bucket, Key=KEY)["VersionId"]

    engine.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=marker)

    removed = heard(engine, queue, events=3)[-1]
    assert removed["eventName"] == "ObjectRemoved:Delete"
    assert subject(removed).get("versionId") == marker
    assert engine.s3.head_object(Bucket=bucket, Key=KEY)["ContentLength"] == 6


def test_a_batch_delete_sends_an_event_for_each_key(engine: Engine) -> None:
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)
    for key in ("a", "b"):
        put(engine, bucket, key)

    engine.s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": True}
    )

    removals = [
        subject(record)["key"]
        for record in heard(engine, queue, events=4)
        if record["eventName"] == "ObjectRemoved:Delete"
    ]
    assert sorted(removals) == ["a", "b"]


def test_sequencers_of_a_key_grow(engine: Engine) -> None:
    """Padded with zeros on the right, sequencers compare as text, by the S3 guide."""
    bucket = engine.bucket()
    queue = engine.notified_queue(bucket)
    for body in (b"1", b"22", b"333"):
        put(engine, bucket, body=body)
    engine.s3.delete_object(Bucket=bucket, Key=KEY)

    records = heard(engine, queue, events=4)

    in_order = sorted(
        records, key=lambda each: str(subject(each).get("sequencer", "")).ljust(64, "0")
    )
    assert len({subject(each).get("sequencer") for each in records}) == 4
    assert [subject(each).get("size") or None for each in in_order] == [1, 2, 3, None]
