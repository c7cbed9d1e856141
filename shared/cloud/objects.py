"""S3: reads sources, writes and deletes variants and manifests."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.cloud.calls import Calls
from shared.cloud.errors import SERVER_ERRORS, ConditionRefused, Missing, Unchanged
from shared.cloud.persist import UNPACED, Pace, persist
from shared.cloud.source_requests import (
    fetch_failure,
    get_source,
    head_source,
    list_encrypted_source,
)
from shared.cloud.stored_objects import (
    LAZY_TAGGING,
    SOURCE_ETAG,
    VERSION,
    StoredFile,
    StoredVersion,
    get_stored,
    put_request,
)
from shared.deadline import Deadline
from shared.model import cache_control
from shared.model.codec import Codec
from shared.model.errors import (
    AccessDenied,
    SourceChanged,
    SourceEncrypted,
    StorageUnavailable,
    WatermarkUnusable,
)
from shared.model.keys import manifest_key, stored_key
from shared.model.limits import MEBIBYTE
from shared.model.recipe import Slot
from shared.model.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        ObjectIdentifierTypeDef,
    )

# Every worker holds the watermark in memory and sends it to a render child with each source.
MAX_WATERMARK_BYTES = 4 * MEBIBYTE
MAX_DELETES = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


@dataclass(frozen=True, slots=True)
class WatermarkFile:
    """A watermark's file and its ETag; both empty if it was never read."""

    etag: str = ""
    data: bytes = b""


class Objects:
    """The sources bucket and the variants bucket."""

    def __init__(
        self, s3: "S3Client", calls: Calls, *, sources_bucket: str, variants_bucket: str
    ) -> None:
        self._s3 = s3
        self.calls = calls
        self.sources_bucket = sources_bucket
        self.variants_bucket = variants_bucket

    def within(self, deadline: Deadline) -> "Objects":
        """Return the same buckets for work that must end by the deadline."""
        bound = copy(self)
        bound.calls = self.calls.within(deadline)
        return bound

    def head(self, key: str) -> Source | None:
        """Return the source as it is now; None if there is none, or a delete marker.

        S3 does not answer for an object that was stored with its owner's own key; its ETag and
        size are those of the bucket's listing then.
        """
        source = self.find(key)
        if source is None:
            self._require_sources_bucket()
        return source

    def find(self, key: str) -> Source | None:
        """Return what `head` does; None if the bucket does not exist, too.

        One call less for a missing source, for callers that delete nothing because of it.
        """
        bucket = self.sources_bucket
        try:
            return self.calls.attempt(lambda: head_source(self._s3, bucket, key), stage="head")
        except Missing:
            return None
        except SourceEncrypted:
            return self.calls.attempt(
                lambda: list_encrypted_source(self._s3, bucket, key), stage="head"
            )

    def fetch(self, source: Source, until: Deadline) -> bytes:
        """Return the bytes of exactly this source; `SourceChanged` if it was replaced or deleted.

        Raises `OutOfTime` if they have not arrived by `until`, and `SourceSlow` if they trickle.
        """
        try:
            return self.calls.attempt(
                lambda: get_source(
                    self._s3,
                    self.sources_bucket,
                    source,
                    until,
                    grace_seconds=self.calls.limits.read_seconds,
                ),
                stage="fetch",
                until=until,
            )
        except StorageUnavailable as error:
            raise fetch_failure(error, until) from error.__cause__
        except (ConditionRefused, Missing) as error:
            raise SourceChanged(
                "Expected the source that HEAD saw, got another or none.", stage="fetch"
            ) from error

    def fetch_watermark(self, key: str, *, known: WatermarkFile) -> WatermarkFile:
        """Return the watermark as it is now; the known one if S3 has the same.

        Raises `WatermarkUnusable` if it does not exist, access is denied or it is too large.
        """
        try:
            return self.calls.attempt(lambda: self._read_watermark(key, known), stage="watermark")
        except Unchanged:
            return known
        except (Missing, AccessDenied, SourceEncrypted) as error:
            raise WatermarkUnusable(
                f"Expected a watermark {key!r} in {self.sources_bucket}: {error}",
                stage="watermark",
            ) from error

    def put_variant(
        self,
        source: Source,
        fingerprint: str,
        name: tuple[str, Slot],
        codec: Codec,
        data: bytes,
        *,
        pace: Pace = UNPACED,
    ) -> None:
        """Store one variant, with the Content-Type of its codec; wait for S3 if it throttles.

        `fingerprint` is that of the recipe that made it.
        """
        request = put_request(self.variants_bucket, source, fingerprint, name, codec, data)
        persist(self.calls, lambda: self._s3.put_object(**request), stage="put", pace=pace)

    def put_at_request(
        self,
        source: Source,
        fingerprint: str,
        name: tuple[str, Slot],
        codec: Codec,
        data: bytes,
        *,
        is_lazy: bool,
    ) -> None:
        """Store one variant as `put_variant` does, with the tag of lazy objects if it is one.

        Does not wait while S3 throttles: a client waits for the answer, and the next request may
        store it. Without the tag, no lifecycle rule expires an eager object that was lost.
        """
        request = put_request(self.variants_bucket, source, fingerprint, name, codec, data)
        if is_lazy:
            request["Tagging"] = LAZY_TAGGING
        self.calls.attempt(lambda: self._s3.put_object(**request), stage="put")

    def read_variant(self, stored_key: str, *, most_bytes: int) -> StoredFile | None:
        """Return an object of the variants bucket; None if there is none.

        The bytes are left out if there are more than `most_bytes`. S3 answers 403 instead of 404
        to a caller without `s3:ListBucket`, which is an error here:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        try:
            return self.calls.attempt(
                lambda: get_stored(
                    self._s3, self.variants_bucket, stored_key, most_bytes=most_bytes
                ),
                stage="read",
            )
        except Missing:
            return None

    def stored_version(self, source_key: str, name: str) -> StoredVersion | None:
        """Return the version of a stored variant; None if there is no such object."""
        try:
            answer = self.calls.attempt(
                lambda: self._s3.head_object(
                    Bucket=self.variants_bucket, Key=stored_key(source_key, name)
                ),
                stage="head",
            )
        except Missing:
            return None
        version = answer["Metadata"].get(VERSION, "")
        return StoredVersion(version, answer["LastModified"].timestamp())

    def copy_variant(self, source_key: str, from_name: str, to_name: str, *, etag: str) -> None:
        """Store an object's bytes, type and metadata under another name of the same source.

        The copy has the tag of what a renderer made. Raises `SourceChanged` if the object does not
        have this ETag any more. Does not wait while S3 throttles, like `put_at_request`.
        """
        try:
            self.calls.attempt(
                lambda: self._s3.copy_object(
                    Bucket=self.variants_bucket,
                    Key=stored_key(source_key, to_name),
                    CopySource={
                        "Bucket": self.variants_bucket,
                        "Key": stored_key(source_key, from_name),
                    },
                    CopySourceIfMatch=f'"{etag}"',
                    TaggingDirective="REPLACE",
                    Tagging=LAZY_TAGGING,
                ),
                stage="put",
            )
        except (ConditionRefused, Missing) as error:
            raise SourceChanged(
                f"Expected {from_name} as it was read, got another or none.", stage="put"
            ) from error

    def put_manifest(self, source: Source, document: bytes, *, pace: Pace = UNPACED) -> None:
        """Store a source's manifest; wait for S3 if it throttles."""
        persist(
            self.calls,
            lambda: self._s3.put_object(
                Bucket=self.variants_bucket,
                Key=manifest_key(source.key),
                Body=document,
                ContentType="application/json",
                CacheControl=cache_control.MANIFEST,
                Metadata={SOURCE_ETAG: source.etag},
            ),
            stage="put",
            pace=pace,
        )

    def delete(self, stored_keys: Sequence[str]) -> None:
        """Delete objects of the variants bucket; objects that do not exist are no error.

        Waits for S3 if it throttles: a replaced source is rendered before its former variants go.
        """
        for start in range(0, len(stored_keys), MAX_DELETES):
            batch: list[ObjectIdentifierTypeDef] = [
                {"Key": key} for key in stored_keys[start : start + MAX_DELETES]
            ]
            persist(self.calls, lambda batch=batch: self._delete(batch), stage="delete")  # type: ignore[misc]

    def read_recipes(self, bucket: str, key: str) -> bytes:
        """Return the recipes object that Terraform wrote."""

        def read() -> bytes:
            with self._s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
                return body.read()

        return self.calls.attempt(read, stage="recipes")

    def _delete(self, batch: "Sequence[ObjectIdentifierTypeDef]") -> None:
        answer = self._s3.delete_objects(
            Bucket=self.variants_bucket, Delete={"Objects": batch, "Quiet": True}
        )
        # DeleteObjects answers 200 and lists the keys that it could not delete.
        if errors := answer.get("Errors"):
            first = errors[0]
            response: Any = {  # the stubs want every field
                "Error": {
                    "Code": first.get("Code", ""),
                    "Message": f"{len(errors)} errors: {first}",
                },
                "ResponseMetadata": {"HTTPStatusCode": SERVER_ERRORS},
            }
            raise ClientError(response, "DeleteObjects")

    def _require_sources_bucket(self) -> None:
        """Raise `StorageUnavailable` if the bucket does not exist.

        HeadObject answers 404 for a missing bucket as for a missing object, and a missing source
        would mean that its variants are deleted.
        """
        try:
            self.calls.attempt(
                lambda: self._s3.head_bucket(Bucket=self.sources_bucket), stage="head"
            )
        except Missing as error:
            raise StorageUnavailable(
                f"Expected bucket {self.sources_bucket}, got none of that name.", stage="head"
            ) from error

    def _read_watermark(self, key: str, known: WatermarkFile) -> WatermarkFile:
        # ETags are hexadecimal, so no object has the ETag "none".
        condition = f'"{known.etag or "none"}"'
        answer = self._s3.get_object(Bucket=self.sources_bucket, Key=key, IfNoneMatch=condition)
        with answer["Body"] as body:
            size = answer["ContentLength"]
            if size > MAX_WATERMARK_BYTES:
                raise WatermarkUnusable(
                    f"Expected a watermark of at most {MAX_WATERMARK_BYTES} bytes, got {size}.",
                    stage="watermark",
                )
            return WatermarkFile(answer["ETag"].strip('"'), body.read())
