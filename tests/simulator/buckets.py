"""S3: strongly consistent objects, their versions, and a callback for every change.

Has the arguments, responses and errors of boto3's client.
"""
# ruff: noqa: N803 - the arguments are boto3's

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.response import StreamingBody

from shared.clock import Clock
from tests.simulator.notifications import MARKER_CREATED, Change
from tests.simulator.object_requests import (
    check_write,
    etag_of,
    headers_of,
    matches,
    no_such_key,
    precondition_failed,
    tags_of,
)
from tests.simulator.refusals import refusal

Answer = dict[str, Any]  # botocore's shape

MAX_KEY_BYTES = 1024
MAX_DELETES = 1000


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker; `id` is empty in a bucket without versions."""

    id: str
    etag: str = ""
    body: bytes = b""
    written_at: float = 0.0
    headers: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    is_marker: bool = False

    def answer(self) -> Answer:
        """Return the response of HEAD; Last-Modified is a header, which has whole seconds."""
        answer = {
            "ETag": self.etag,
            "ContentLength": len(self.body),
            "LastModified": datetime.fromtimestamp(int(self.written_at), UTC),
            **self.headers,
        }
        if self.id:
            answer["VersionId"] = self.id
        return answer


class WriteLimit(Protocol):
    """How many writes a bucket accepts."""

    def accept(self, key: str, /) -> bool:
        """Return whether a write of this key that arrives now is accepted."""


@dataclass(slots=True)
class _Bucket:
    is_versioned: bool
    # How fast it accepts writes; as fast as they come if None.
    put_limit: WriteLimit | None = None
    # The newest version of a key is its last.
    versions: dict[str, list[Version]] = field(default_factory=dict)

    def current(self, key: str) -> Version | None:
        versions = self.versions.get(key)
        return None if not versions or versions[-1].is_marker else versions[-1]


class Buckets:
    """All buckets; `on_change` is called after every change."""

    def __init__(
        self, clock: Clock, on_change: Callable[[Change], None] = lambda change: None
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._buckets: dict[str, _Bucket] = {}
        self._changes = 0

    def create_bucket(self, *, Bucket: str, versioned: bool = False) -> Answer:
        """Create a bucket; on AWS, versioning is a separate setting."""
        self._buckets[Bucket] = _Bucket(versioned)
        return {"Location": f"/{Bucket}"}

    def limit_writes(self, bucket: str, limit: WriteLimit) -> None:
        """Answer SlowDown to writes that come faster; deletes count like puts."""
        self._buckets[bucket].put_limit = limit

    def head_bucket(self, *, Bucket: str) -> Answer:
        """Refuse a missing bucket with 404."""
        if Bucket not in self._buckets:
            raise refusal("HeadBucket", "404", 404, "Not Found")
        return {}

    def head_object(
        self, *, Bucket: str, Key: str, IfMatch: str | None = None, IfNoneMatch: str | None = None
    ) -> Answer:
        """Return all but the body; errors of HEAD have no body either, so no message."""
        bucket = self._buckets.get(Bucket)
        if len(Key) > MAX_KEY_BYTES // 4 and len(Key.encode()) > MAX_KEY_BYTES:
            raise refusal("HeadObject", "400", 400, "Bad Request")
        found = bucket.current(Key) if bucket else None
        if found is None:
            raise refusal("HeadObject", "404", 404, "Not Found")
        if IfMatch is not None and not matches(IfMatch, found.etag):
            raise refusal("HeadObject", "412", 412, "Precondition Failed")
        if IfNoneMatch is not None and matches(IfNoneMatch, found.etag):
            raise refusal("HeadObject", "304", 304, "Not Modified")
        return found.answer()

    def get_object(
        self, *, Bucket: str, Key: str, IfMatch: str | None = None, IfNoneMatch: str | None = None
    ) -> Answer:
        """Return the object as it is now."""
        found = self._bucket("GetObject", Bucket, Key).current(Key)
        if found is None:
            raise no_such_key("GetObject")
        if IfMatch is not None and not matches(IfMatch, found.etag):
            raise precondition_failed("GetObject", "If-Match")
        if IfNoneMatch is not None and matches(IfNoneMatch, found.etag):
            raise refusal("GetObject", "304", 304, "Not Modified")
        body = StreamingBody(io.BytesIO(found.body), len(found.body))
        return {**found.answer(), "Body": body}

    def put_object(  # noqa: PLR0913 - boto3's
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes = b"",
        ContentType: str = "binary/octet-stream",
        CacheControl: str = "",
        Metadata: Mapping[str, str] | None = None,
        Tagging: str = "",
        IfMatch: str | None = None,
        IfNoneMatch: str | None = None,
    ) -> Answer:
        """Store an object under a key, completely or not at all."""
        bucket = self._bucket("PutObject", Bucket, Key)
        _check_limit("PutObject", bucket, Key)
        there = bucket.current(Key)
        check_write(there.etag if there else None, IfMatch, IfNoneMatch)
        headers = headers_of(ContentType, CacheControl, Metadata)
        tags, body = tags_of("PutObject", Tagging), bytes(Body)
        version = self._new_version(bucket, body, headers, tags)
        self._add(bucket, Key, version)
        self._publish_event("ObjectCreated:Put", Bucket, Key, version)
        return {"ETag": version.etag, **({"VersionId": version.id} if version.id else {})}

    def copy_object(  # noqa: PLR0913 - boto3's
        self,
        *,
        Bucket: str,
        Key: str,
        CopySource: Mapping[str, str],
        CopySourceIfMatch: str | None = None,
        MetadataDirective: str = "COPY",
        ContentType: str = "binary/octet-stream",
        CacheControl: str = "",
        Metadata: Mapping[str, str] | None = None,
        TaggingDirective: str = "COPY",
        Tagging: str = "",
    ) -> Answer:
        """Store the bytes of another object; its headers and its tags, too, unless replaced."""
        operation = "CopyObject"
        bucket = self._bucket(operation, Bucket, Key)
        _check_limit(operation, bucket, Key)
        found = self._bucket(operation, CopySource["Bucket"]).current(CopySource["Key"])
        if found is None:
            raise no_such_key(operation)
        if CopySourceIfMatch is not None and not matches(CopySourceIfMatch, found.etag):
            raise precondition_failed(operation, "x-amz-copy-source-If-Match")
        headers, tags = found.headers, found.tags
        if MetadataDirective == "REPLACE":
            headers = headers_of(ContentType, CacheControl, Metadata)
        if TaggingDirective == "REPLACE":
            tags = tags_of(operation, Tagging)
        version = self._new_version(bucket, found.body, headers, tags)
        self._add(bucket, Key, version)
        self._publish_event("ObjectCreated:Copy", Bucket, Key, version)
        written_at = datetime.fromtimestamp(int(version.written_at), UTC)
        return {"CopyObjectResult": {"ETag": version.etag, "LastModified": written_at}}

    def get_object_tagging(self, *, Bucket: str, Key: str) -> Answer:
        """Return the tags of an object."""
        found = self._bucket("GetObjectTagging", Bucket, Key).current(Key)
        if found is None:
            raise no_such_key("GetObjectTagging")
        return {"TagSet": [{"Key": name, "Value": value} for name, value in found.tags.items()]}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> Answer:
        """Delete an object, add a delete marker, or delete one version."""
        bucket = self._bucket("DeleteObject", Bucket, Key)
        if VersionId is not None:
            return self._delete_version(Bucket, Key, VersionId)
        if bucket.is_versioned:
            marker = Version(self._next_id(bucket), written_at=self._clock.now(), is_marker=True)
            self._add(bucket, Key, marker)
            self._publish_event(MARKER_CREATED, Bucket, Key, marker)
            return {"DeleteMarker": True, "VersionId": marker.id}
        for version in bucket.versions.pop(Key, ()):
            self._publish_event("ObjectRemoved:Delete", Bucket, Key, version)
        return {}

    def delete_objects(self, *, Bucket: str, Delete: Mapping[str, Any]) -> Answer:
        """Delete up to a thousand keys, each separately; a missing object is no error."""
        keys = Delete["Objects"]
        if not 0 < len(keys) <= MAX_DELETES:
            raise refusal("DeleteObjects", "MalformedXML", 400, "The XML was not well-formed.")
        _check_limit("DeleteObjects", self._bucket("DeleteObjects", Bucket), keys[0]["Key"])
        deleted = [{**each, **self.delete_object(Bucket=Bucket, **each)} for each in keys]
        return {} if Delete.get("Quiet") else {"Deleted": deleted}

    def list_objects_v2(
        self, *, Bucket: str, Prefix: str = "", MaxKeys: int = 1000, ContinuationToken: str = ""
    ) -> Answer:
        """Return a page of the current objects, in the order of the keys' bytes."""
        objects = self.objects(Bucket)
        keys = sorted(
            (key for key in objects if key.startswith(Prefix) and key > ContinuationToken),
            key=str.encode,
        )
        answer: Answer = {
            "KeyCount": len(keys[:MaxKeys]),
            "IsTruncated": len(keys) > MaxKeys,
            "Contents": [
                {
                    "Key": key,
                    "ETag": objects[key].etag,
                    "Size": len(objects[key].body),
                    "LastModified": datetime.fromtimestamp(objects[key].written_at, UTC),
                }
                for key in keys[:MaxKeys]
            ],
        }
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = keys[MaxKeys - 1]
        if not answer["Contents"]:
            del answer["Contents"]
        return answer

    def objects(self, bucket: str) -> dict[str, Version]:
        """Return the current objects, for an oracle."""
        there = self._bucket("ListObjectsV2", bucket)
        return {key: found for key in there.versions if (found := there.current(key))}

    def current(self, bucket: str, key: str) -> Version | None:
        """Return an object without a call, for an edge or an oracle; None if there is none."""
        return self._bucket("GetObject", bucket).current(key)

    def versions(self, bucket: str, key: str) -> tuple[Version, ...]:
        """Return every version and delete marker of a key, the oldest first."""
        return tuple(self._bucket("ListObjectVersions", bucket).versions.get(key, ()))

    def _bucket(self, operation: str, name: str, key: str = "") -> _Bucket:
        if name not in self._buckets:
            message = "The specified bucket does not exist"
            raise refusal(operation, "NoSuchBucket", 404, message)
        if len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
            raise refusal(operation, "KeyTooLongError", 400, "Your key is too long")
        return self._buckets[name]

    def _next_id(self, bucket: _Bucket) -> str:
        return f"version-{self._changes + 1}" if bucket.is_versioned else ""

    def _new_version(
        self, bucket: _Bucket, body: bytes, headers: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Version:
        now = self._clock.now()
        return Version(self._next_id(bucket), etag_of(body), body, now, headers, tags)

    def _add(self, bucket: _Bucket, key: str, version: Version) -> None:
        if bucket.is_versioned:
            bucket.versions.setdefault(key, []).append(version)
        else:
            bucket.versions[key] = [version]

    def _delete_version(self, bucket: str, key: str, version_id: str) -> Answer:
        versions = self._buckets[bucket].versions.get(key, [])
        for version in versions:
            if version.id == version_id:
                versions.remove(version)
                if not versions:
                    del self._buckets[bucket].versions[key]
                self._publish_event("ObjectRemoved:Delete", bucket, key, version)
                was_marker = {"DeleteMarker": True} if version.is_marker else {}
                return {"VersionId": version_id, **was_marker}
        return {"VersionId": version_id}

    def _publish_event(self, event: str, bucket: str, key: str, version: Version) -> None:
        self._changes += 1
        is_removal = event.startswith("ObjectRemoved")
        self._on_change(
            Change(
                event=event,
                bucket=bucket,
                key=key,
                sequencer=f"{self._changes:018X}",
                at=self._clock.now(),
                etag=_etag_in_event(event, version),
                size_bytes=None if is_removal else len(version.body),
                version_id=version.id or None,
            )
        )


def _etag_in_event(event: str, version: Version) -> str | None:
    """Return the ETag in the event: that of no bytes for a marker, None for a delete."""
    if event == MARKER_CREATED:
        return etag_of(b"").strip('"')
    return None if event.startswith("ObjectRemoved") else version.etag.strip('"')


def _check_limit(operation: str, bucket: _Bucket, key: str) -> None:
    if bucket.put_limit and not bucket.put_limit.accept(key):
        raise refusal(operation, "SlowDown", 503, "Please reduce your request rate.")
