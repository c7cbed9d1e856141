"""S3: the sources bucket as an application sees it; who uploaded what, and what to delete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

from shared.cloud.calls import Calls
from shared.cloud.errors import Missing
from shared.cloud.objects import MAX_DELETES
from shared.cloud.source_requests import BAD_REQUEST
from shared.cloud.stored_objects import SOURCE_ETAG
from shared.model.source import Listed, Overrides, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The user metadata that names who uploaded a source.
OWNER = "pixfleet-owner"
# S3 accepts 2 KB of user metadata in all.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
MAX_OWNER_CHARS = 1_024


@dataclass(frozen=True, slots=True)
class Upload:
    """A source and what its upload said of it; times in seconds since the epoch, 0 if unknown.

    `expires_at` is when a lifecycle rule of the bucket deletes the source.
    """

    source: Source
    content_type: str = ""
    owner: str = ""
    uploaded_at: float = 0.0
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of sources in S3's order; `is_last` if no more follow."""

    sources: Sequence[Listed]
    is_last: bool


@dataclass(frozen=True, slots=True)
class DeletedVersions:
    """The versions of one key that were deleted; not `is_all` if more are left or S3 refused."""

    version_ids: tuple[str, ...]
    is_all: bool
    refusals: tuple[str, ...] = field(default=())


def owner_metadata(owner: str) -> dict[str, str]:
    """Return the user metadata for an owner, in ASCII; empty without an owner.

    S3 would encode other characters by RFC 2047, and a signed header must be what a client sends.
    """
    return {OWNER: _encoded(owner)} if owner else {}


def is_storable_owner(owner: str) -> bool:
    """Return whether S3 can store this owner in full, so that two owners are never mistaken."""
    try:
        return 0 < len(_encoded(owner)) <= MAX_OWNER_CHARS
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape
        return False


def _encoded(owner: str) -> str:
    return quote(owner, safe="@:/|+")


class SourceBucket:
    """The sources bucket."""

    def __init__(self, s3: "S3Client", calls: Calls, bucket: str) -> None:
        self._s3 = s3
        self._calls = calls
        self._bucket = bucket

    def describe(self, key: str) -> Upload | None:
        """Return the source as it is now; None if there is none, or a delete marker."""
        try:
            answer = self._calls.attempt(lambda: self._head(key), stage="head")
        except Missing:
            return None
        if answer is None:
            return Upload(Source(key=key, etag="", size_bytes=0, has_customer_key=True))
        metadata = answer.get("Metadata", {})
        modified: datetime = answer["LastModified"]
        return Upload(
            source=Source(
                key=key,
                etag=answer["ETag"].strip('"'),
                size_bytes=answer["ContentLength"],
                overrides=Overrides.from_metadata(metadata),
                is_own_output=SOURCE_ETAG in metadata,
                last_modified=modified.isoformat(),
            ),
            content_type=answer.get("ContentType", ""),
            owner=unquote(metadata.get(OWNER, "")),
            uploaded_at=modified.timestamp(),
            expires_at=expiry_of(answer.get("Expiration", "")),
        )

    def list(self, prefix: str, *, after: str, most: int) -> Listing:
        """Return up to `most` sources whose keys have the prefix and follow `after`."""
        start: Any = {"StartAfter": after} if after else {}  # the stubs take no part of a request
        answer = self._calls.attempt(
            lambda: self._s3.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, MaxKeys=most, **start
            ),
            stage="list",
        )
        sources = [
            Listed(
                key=each["Key"],
                etag=each["ETag"].strip('"'),
                last_modified=each["LastModified"].isoformat(),
                size_bytes=each["Size"],
            )
            for each in answer.get("Contents", [])
        ]
        return Listing(sources, is_last=not answer.get("IsTruncated", False))

    def put(
        self, key: str, data: bytes, *, content_type: str, owner: str, if_absent: bool
    ) -> None:
        """Store a source; `ConditionRefused` if it must be absent and is not."""
        condition: Any = {"IfNoneMatch": "*"} if if_absent else {}
        self._calls.attempt(
            lambda: self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                Metadata=owner_metadata(owner),
                **condition,
            ),
            stage="put",
        )

    def delete(self, key: str) -> None:
        """Delete the current version; in a bucket with versions S3 writes a delete marker."""
        self._calls.attempt(
            lambda: self._s3.delete_object(Bucket=self._bucket, Key=key), stage="delete"
        )

    def has_versions(self, key: str) -> bool:
        """Return whether there is a version or a delete marker of exactly this key."""
        return bool(self._versions(key, 1))

    def delete_versions(self, key: str, *, most: int) -> DeletedVersions:
        """Delete up to `most` versions and delete markers of exactly this key."""
        deleted: list[str] = []
        refusals: list[str] = []
        while len(deleted) < most:
            found = self._versions(key, most - len(deleted))
            if not found or refusals:
                break
            refused = self._delete_versions(key, found)
            refusals += [f"{each['VersionId']}: {each['Code']}" for each in refused]
            failed = {each["VersionId"] for each in refused}
            deleted += [each for each in found if each not in failed]
        is_all = not refusals and not self._versions(key, 1)
        return DeletedVersions(tuple(deleted), is_all, tuple(refusals))

    def _head(self, key: str) -> Mapping[str, Any] | None:
        """Return S3's answer; None for an object that only its owner's key opens (SSE-C)."""
        try:
            answer: Mapping[str, Any] = self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == BAD_REQUEST:
                return None
            raise
        return answer

    def _versions(self, key: str, most: int) -> Sequence[str]:
        answer = self._calls.attempt(
            lambda: self._s3.list_object_versions(
                Bucket=self._bucket, Prefix=key, MaxKeys=min(most, MAX_DELETES)
            ),
            stage="list",
        )
        # S3 lists by bytes, so the versions of a key come before those of longer keys.
        found = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        return [each["VersionId"] for each in found if each["Key"] == key]

    def _delete_versions(self, key: str, version_ids: Sequence[str]) -> Sequence[Any]:
        answer = self._calls.attempt(
            lambda: self._s3.delete_objects(
                Bucket=self._bucket,
                Delete={
                    "Objects": [{"Key": key, "VersionId": each} for each in version_ids],
                    "Quiet": True,
                },
            ),
            stage="delete",
        )
        return answer.get("Errors", [])


def expiry_of(header: str) -> float:
    """Return the date of the header `x-amz-expiration`; 0 without one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#API_HeadObject_ResponseSyntax
    """
    _, _, rest = header.partition('expiry-date="')
    text, _, _ = rest.partition('"')
    if not text:
        return 0.0
    try:
        return parsedate_to_datetime(text).astimezone(UTC).timestamp()
    except ValueError:
        return 0.0
