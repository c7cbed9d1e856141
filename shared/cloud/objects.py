"""S3: reads sources, writes and deletes variants and manifests."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from shared.cloud.bodies import read_in_time
from shared.cloud.calls import Calls
from shared.cloud.errors import SERVER_ERRORS, ConditionRefused, Missing, Unchanged
from shared.cloud.persist import UNPACED, Pace, persist
from shared.deadline import Deadline
from shared.model import cache_control
from shared.model.codec import Codec
from shared.model.errors import (
    AccessDenied,
    Failure,
    OutOfTime,
    SourceChanged,
    SourceEncrypted,
    SourceSlow,
    StorageUnavailable,
    WatermarkUnusable,
)
from shared.model.keys import manifest_key, stored_key, variant_key
from shared.model.limits import MEBIBYTE
from shared.model.manifest import version_made_by
from shared.model.recipe import Slot
from shared.model.source import Overrides, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        HeadObjectOutputTypeDef,
        ObjectIdentifierTypeDef,
        PutObjectRequestTypeDef,
    )

SOURCE_ETAG = "pixfleet-source-etag"
FINGERPRINT = "pixfleet-recipe"
# CloudFront lets browsers cache an object for ever only if its version is that of the URL.
VERSION = "pixfleet-version"
# Every worker holds the watermark in memory and sends it to a render child with each source.
MAX_WATERMARK_BYTES = 4 * MEBIBYTE
# The code that botocore gives a response without a body.
BAD_REQUEST = "400"
# The tag of objects that were made at their first request. A lifecycle rule may expire them by it.
LAZY_TAGGING = "pixfleet=lazy"
MAX_DELETES = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


@dataclass(frozen=True, slots=True)
class WatermarkFile:
    """A watermark's file and its ETag; both empty if it was never read."""

    etag: str = ""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An object of the variants bucket.

    `etag` is without quotes. `data` is None if it is larger than the caller asked for.
    `stored_at` is in seconds since the epoch.
    """

    size_bytes: int
    etag: str
    content_type: str
    cache_control: str
    metadata: Mapping[str, str]
    stored_at: float
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """The version that a variant is of, and when it was stored, in seconds since the epoch."""

    version: str
    stored_at: float


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
        try:
            answer = self.calls.attempt(lambda: self._head(key), stage="head")
        except Missing:
            return None
        except SourceEncrypted:
            return self._with_customer_key(key)
        metadata = answer.get("Metadata", {})
        return Source(
            key=key,
            etag=answer["ETag"].strip('"'),
            size_bytes=answer["ContentLength"],
            overrides=Overrides.from_metadata(metadata),
            is_own_output=SOURCE_ETAG in metadata,
            last_modified=answer["LastModified"].isoformat(),
        )

    def fetch(self, source: Source, until: Deadline) -> bytes:
        """Return the bytes of exactly this source; `SourceChanged` if it was replaced or deleted.

        Raises `OutOfTime` if they have not arrived by `until`, and `SourceSlow` if they trickle.
        """
        try:
            return self.calls.attempt(
                lambda: self._read(source, until), stage="fetch", until=until
            )
        except StorageUnavailable as error:
            raise _slow_source(error, until) from error.__cause__
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
        request = self._put_request(source, fingerprint, name, codec, data)
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

        Does not wait while S3 throttles: somebody waits for the answer, and the next request may
        store it. Without the tag, no lifecycle rule expires an eager object that was lost.
        """
        request = self._put_request(source, fingerprint, name, codec, data)
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
                lambda: self._read_variant(stored_key, most_bytes), stage="read"
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

    def _put_request(
        self, source: Source, fingerprint: str, name: tuple[str, Slot], codec: Codec, data: bytes
    ) -> "PutObjectRequestTypeDef":
        return {
            "Bucket": self.variants_bucket,
            "Key": variant_key(source.key, *name),
            "Body": data,
            "ContentType": codec.content_type,
            "CacheControl": cache_control.VARIANT,
            "Metadata": variant_metadata(source, fingerprint),
        }

    def _with_customer_key(self, key: str) -> Source | None:
        answer = self.calls.attempt(
            lambda: self._s3.list_objects_v2(Bucket=self.sources_bucket, Prefix=key, MaxKeys=1),
            stage="head",
        )
        # S3 lists by bytes, so a key comes before the longer ones that begin with it.
        listed = next((each for each in answer.get("Contents", []) if each["Key"] == key), None)
        if listed is None:
            return None
        return Source(
            key=key,
            etag=listed["ETag"].strip('"'),
            size_bytes=listed["Size"],
            last_modified=listed["LastModified"].isoformat(),
            has_customer_key=True,
        )

    def _head(self, key: str) -> "HeadObjectOutputTypeDef":
        try:
            return self._s3.head_object(Bucket=self.sources_bucket, Key=key)
        except ClientError as error:
            # A refused HEAD has no body: 400 may mean SSE-C or an expired token. GET tells which.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            if error.response["Error"]["Code"] == BAD_REQUEST:
                self._s3.get_object(Bucket=self.sources_bucket, Key=key)["Body"].close()
            raise

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

    def _read_variant(self, key: str, most_bytes: int) -> StoredFile:
        answer = self._s3.get_object(Bucket=self.variants_bucket, Key=key)
        with answer["Body"] as body:
            size = answer["ContentLength"]
            data = body.read() if size <= most_bytes else None
        if data is not None and len(data) != size:
            raise StorageUnavailable(f"Expected {size} bytes, got {len(data)}.", stage="read")
        return StoredFile(
            size_bytes=size,
            etag=answer["ETag"].strip('"'),
            content_type=answer.get("ContentType", ""),
            cache_control=answer.get("CacheControl", ""),
            metadata=answer.get("Metadata", {}),
            stored_at=answer["LastModified"].timestamp(),
            data=data,
        )

    def _read(self, source: Source, until: Deadline) -> bytes:
        answer = self._s3.get_object(
            Bucket=self.sources_bucket, Key=source.key, IfMatch=f'"{source.etag}"'
        )
        with answer["Body"] as body:
            data = read_in_time(body, until, grace_seconds=self.calls.limits.read_seconds)
        if len(data) != source.size_bytes:
            raise StorageUnavailable(
                f"Expected {source.size_bytes} bytes, got {len(data)}.", stage="fetch"
            )
        return data


def variant_metadata(source: Source, fingerprint: str) -> dict[str, str]:
    """Return the user metadata of a variant, made by the recipe with this fingerprint."""
    return {
        SOURCE_ETAG: source.etag,
        FINGERPRINT: fingerprint,
        VERSION: version_made_by(source, fingerprint),
    }


def _slow_source(error: StorageUnavailable, until: Deadline) -> Failure:
    """Return why a source did not arrive, given what the last attempt raised.

    S3 has just answered HEAD, so a GET that it does not answer in time is no outage: the other
    records of the batch need not be held back.
    """
    detail = f"Expected the source in time: {error.detail}"
    if not until.remaining_seconds():
        return OutOfTime(detail, stage="fetch")
    is_late = isinstance(error.__cause__, ReadTimeoutError)
    return SourceSlow(detail, stage="fetch") if is_late else error
