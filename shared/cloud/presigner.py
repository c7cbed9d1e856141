"""S3: signs requests that a client without credentials may then send, each as it was signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.cloud.errors import translated
from shared.cloud.source_bucket import owner_metadata

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT_TYPE, CHECKSUM, IF_ABSENT = "Content-Type", "x-amz-checksum-sha256", "If-None-Match"
ALGORITHM = "x-amz-checksum-algorithm"


@dataclass(frozen=True, slots=True)
class UploadTerms:
    """What a signed upload is bound to; `sha256` is in Base64, or empty.

    `bytes` is the exact length of a PUT and the greatest of a POST, since S3 checks no exact
    length there.
    """

    key: str
    bytes: int
    content_type: str
    owner: str = ""
    sha256: str = ""
    if_absent: bool = False


@dataclass(frozen=True, slots=True)
class SignedForm:
    """A form that S3 accepts; a file goes into its last field, `file`."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A PUT that S3 accepts with exactly these headers, and with the length that was signed."""

    url: str
    headers: Mapping[str, str]


class Presigner:
    """Signs for the sources bucket, with the credentials of the process."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        """Take a client of `build_presigning_client`: others sign for global endpoints."""
        self._s3 = s3
        self._bucket = bucket

    def form(self, terms: UploadTerms, *, seconds: int) -> SignedForm:
        """Return a form for up to `terms.bytes` bytes.

        S3 refuses a form with a field that the policy does not name, and ignores `If-None-Match`.
        https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
        """
        fields = {
            CONTENT_TYPE: terms.content_type,
            "success_action_status": "201",
            **_metadata_headers(terms.owner),
        }
        if terms.sha256:
            fields |= {ALGORITHM: "SHA256", CHECKSUM: terms.sha256}
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", 1, terms.bytes])
        signed = translated(
            lambda: self._s3.generate_presigned_post(
                Bucket=self._bucket,
                Key=terms.key,
                Fields=fields,
                Conditions=conditions,
                ExpiresIn=seconds,
            ),
            stage="sign",
        )
        return SignedForm(signed["url"], signed["fields"])

    def put(self, terms: UploadTerms, *, seconds: int) -> SignedRequest:
        """Return a PUT of exactly `terms.bytes` bytes.

        Browsers and clients set `Content-Length`, which is signed, from the body.
        """
        parameters: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": terms.key,
            "ContentLength": terms.bytes,
            "ContentType": terms.content_type,
            "Metadata": owner_metadata(terms.owner),
        }
        headers = {CONTENT_TYPE: terms.content_type, **_metadata_headers(terms.owner)}
        if terms.sha256:
            parameters["ChecksumSHA256"] = headers[CHECKSUM] = terms.sha256
        if terms.if_absent:
            parameters["IfNoneMatch"] = headers[IF_ABSENT] = "*"
        return SignedRequest(self._sign("put_object", parameters, seconds), headers)

    def part(
        self, key: str, upload_id: str, *, number: int, part_bytes: int, seconds: int
    ) -> SignedRequest:
        """Return a PUT of one part of a multipart upload, of exactly `part_bytes` bytes."""
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ContentLength": part_bytes,
        }
        return SignedRequest(self._sign("upload_part", parameters, seconds), {})

    def _sign(self, operation: str, parameters: Mapping[str, Any], seconds: int) -> str:
        return translated(
            lambda: self._s3.generate_presigned_url(
                operation, Params=dict(parameters), ExpiresIn=seconds
            ),
            stage="sign",
        )


def _metadata_headers(owner: str) -> dict[str, str]:
    return {f"x-amz-meta-{name}": value for name, value in owner_metadata(owner).items()}
