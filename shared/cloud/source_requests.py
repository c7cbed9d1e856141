"""S3: HEAD and GET of a source, where the answer of one request is not enough."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ReadTimeoutError

from shared.cloud.bodies import read_in_time
from shared.cloud.stored_objects import SOURCE_ETAG
from shared.deadline import Deadline
from shared.model.errors import Failure, OutOfTime, SourceSlow, StorageUnavailable
from shared.model.source import Overrides, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The code that botocore gives a response without a body.
BAD_REQUEST = "400"


def head_source(s3: "S3Client", bucket: str, key: str) -> Source:
    """Return a source as HeadObject describes it."""
    try:
        answer = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # A refused HEAD has no body: 400 may mean SSE-C or an expired token. GET tells which.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        if error.response["Error"]["Code"] == BAD_REQUEST:
            s3.get_object(Bucket=bucket, Key=key)["Body"].close()
        raise
    metadata = answer.get("Metadata", {})
    return Source(
        key=key,
        etag=answer["ETag"].strip('"'),
        size_bytes=answer["ContentLength"],
        overrides=Overrides.from_metadata(metadata),
        is_own_output=SOURCE_ETAG in metadata,
        last_modified=answer["LastModified"].isoformat(),
    )


def list_encrypted_source(s3: "S3Client", bucket: str, key: str) -> Source | None:
    """Return a source that S3 cannot decrypt, as the bucket's listing describes it."""
    answer = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
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


def get_source(
    s3: "S3Client", bucket: str, source: Source, until: Deadline, *, grace_seconds: float
) -> bytes:
    """Return the bytes of a source if its ETag is still the same.

    `grace_seconds` is how long the body may take before it counts as slow (`read_in_time`).
    """
    answer = s3.get_object(Bucket=bucket, Key=source.key, IfMatch=f'"{source.etag}"')
    with answer["Body"] as body:
        data = read_in_time(body, until, grace_seconds=grace_seconds)
    if len(data) != source.size_bytes:
        raise StorageUnavailable(
            f"Expected {source.size_bytes} bytes, got {len(data)}.", stage="fetch"
        )
    return data


def fetch_failure(error: StorageUnavailable, until: Deadline) -> Failure:
    """Return why a source did not arrive, given what the last attempt raised.

    S3 has just answered HEAD, so a GET that it does not answer in time is no outage: the other
    records of the batch need not wait.
    """
    detail = f"Expected the source in time: {error.detail}"
    if not until.remaining_seconds():
        return OutOfTime(detail, stage="fetch")
    is_late = isinstance(error.__cause__, ReadTimeoutError)
    return SourceSlow(detail, stage="fetch") if is_late else error
