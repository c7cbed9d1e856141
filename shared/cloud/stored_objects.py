"""S3: what an object of the variants bucket carries, to store and as it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.model import cache_control
from shared.model.codec import Codec
from shared.model.errors import StorageUnavailable
from shared.model.keys import variant_key
from shared.model.manifest import version_made_by
from shared.model.recipe import Slot
from shared.model.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

SOURCE_ETAG = "pixfleet-source-etag"
FINGERPRINT = "pixfleet-recipe"
# CloudFront lets browsers cache an object for ever only if its version is that of the URL.
VERSION = "pixfleet-version"
# The tag of objects that were made at their first request. A lifecycle rule may expire them by it.
LAZY_TAGGING = "pixfleet=lazy"


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


def variant_metadata(source: Source, fingerprint: str) -> dict[str, str]:
    """Return the user metadata of a variant, made by the recipe with this fingerprint."""
    return {
        SOURCE_ETAG: source.etag,
        FINGERPRINT: fingerprint,
        VERSION: version_made_by(source, fingerprint),
    }


def put_request(
    bucket: str,
    source: Source,
    fingerprint: str,
    name: tuple[str, Slot],
    codec: Codec,
    data: bytes,
) -> "PutObjectRequestTypeDef":
    """Return the PutObject request of one variant."""
    return {
        "Bucket": bucket,
        "Key": variant_key(source.key, *name),
        "Body": data,
        "ContentType": codec.content_type,
        "CacheControl": cache_control.VARIANT,
        "Metadata": variant_metadata(source, fingerprint),
    }


def get_stored(s3: "S3Client", bucket: str, key: str, *, most_bytes: int) -> StoredFile:
    """Return one object, without its bytes if there are more than `most_bytes`."""
    answer = s3.get_object(Bucket=bucket, Key=key)
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
