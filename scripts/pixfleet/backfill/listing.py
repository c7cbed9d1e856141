"""Lists the sources bucket in the order of the keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scripts.pixfleet.backfill.selection import Page
from shared.model.source import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The most that S3 returns: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
LIST_KEYS = 1000


@dataclass(frozen=True, slots=True)
class Listing:
    """The keys of a bucket that begin with a prefix. A cursor is the last key of a page."""

    s3: "S3Client"
    bucket: str
    prefix: str

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield up to `size` sources at a time.

        S3's continuation token expires, so it cannot be the cursor.
        """
        while True:
            answer = self._ask(cursor)
            found = [as_listed(each) for each in answer.get("Contents", [])]
            for at in range(0, len(found), size):
                part = found[at : at + size]
                yield Page(part, part[-1].key)
            if not answer.get("IsTruncated") or not found:
                return
            cursor = found[-1].key

    def _ask(self, cursor: str) -> Any:  # noqa: ANN401 - boto3's shape
        return self.s3.list_objects_v2(
            Bucket=self.bucket, Prefix=self.prefix, MaxKeys=LIST_KEYS, StartAfter=cursor
        )


def ledger_time(when: datetime) -> str:
    """Return a time in the form of the ledger, which stores the whole seconds of HEAD."""
    return when.replace(microsecond=0).isoformat()


def as_listed(entry: Any) -> Listed:  # noqa: ANN401 - boto3's shape
    """Return an object of ListObjectsV2's answer as a source."""
    return Listed(
        key=entry["Key"],
        etag=entry["ETag"].strip('"'),
        last_modified=ledger_time(entry["LastModified"]),
        size_bytes=entry["Size"],
    )
