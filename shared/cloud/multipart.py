"""S3: multipart uploads into the sources bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.cloud.calls import Calls
from shared.cloud.errors import Missing
from shared.cloud.source_bucket import owner_metadata

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_UPLOAD = "NoSuchUpload"


@dataclass(frozen=True, slots=True)
class Part:
    """One part that S3 has received."""

    number: int
    bytes: int
    etag: str


class MultipartUploads:
    """The multipart uploads of one bucket; `Missing` for one that has ended or never began."""

    def __init__(self, s3: "S3Client", calls: Calls, bucket: str) -> None:
        self._s3 = s3
        self._calls = calls
        self._bucket = bucket

    def create(self, key: str, *, content_type: str, owner: str) -> str:
        """Begin an upload and return S3's id of it.

        A repeated request begins another upload, which a lifecycle rule of the bucket aborts.
        """
        answer = self._calls.attempt(
            lambda: self._s3.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=content_type,
                Metadata=owner_metadata(owner),
            ),
            stage="upload",
        )
        return answer["UploadId"]

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        """Return the parts that S3 has received, by number."""
        found: list[Part] = []
        after = 0
        while True:
            answer = self._parts_page(key, upload_id, after)
            found += [
                Part(each["PartNumber"], each["Size"], each["ETag"])
                for each in answer.get("Parts", [])
            ]
            if not answer.get("IsTruncated"):
                return found
            after = answer["NextPartNumberMarker"]

    def complete(
        self, key: str, upload_id: str, parts: Sequence[Part], *, if_absent: bool
    ) -> None:
        """Store the source; `ConditionRefused` if it must be absent and is not.

        S3 may answer 200 and put an error into the body; botocore raises it.
        """
        condition: Any = {"IfNoneMatch": "*"} if if_absent else {}
        self._attempt(
            lambda: self._s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [{"PartNumber": each.number, "ETag": each.etag} for each in parts]
                },
                **condition,
            )
        )

    def abort(self, key: str, upload_id: str) -> None:
        """Delete the parts of an upload, which can then not be completed."""
        self._attempt(
            lambda: self._s3.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload_id
            )
        )

    def _parts_page(self, key: str, upload_id: str, after: int) -> Any:  # noqa: ANN401 - boto3's shape
        return self._attempt(
            lambda: self._s3.list_parts(
                Bucket=self._bucket, Key=key, UploadId=upload_id, PartNumberMarker=after
            )
        )

    def _attempt(self, call: Any) -> Any:  # noqa: ANN401 - boto3's shapes
        def known() -> Any:  # noqa: ANN401
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] == NO_UPLOAD:
                    raise Missing(str(error)) from error
                raise

        return self._calls.attempt(known, stage="upload")
