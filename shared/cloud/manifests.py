"""S3: reads the manifests of sources."""

from typing import TYPE_CHECKING

from shared.cloud.calls import Calls
from shared.cloud.errors import Missing
from shared.model.keys import manifest_key
from shared.model.manifest import Manifest, UnreadableManifest, read_manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ManifestReader:
    """The manifests in the variants bucket."""

    def __init__(self, s3: "S3Client", calls: Calls, bucket: str) -> None:
        self._s3 = s3
        self._calls = calls
        self._bucket = bucket

    def of(self, key: str) -> Manifest | None:
        """Return a source's manifest; None if there is none, or none of a form that is known."""
        try:
            return read_manifest(self._calls.attempt(lambda: self._read(key), stage="manifest"))
        except (Missing, UnreadableManifest):
            return None

    def _read(self, key: str) -> bytes:
        with self._s3.get_object(Bucket=self._bucket, Key=manifest_key(key))["Body"] as body:
            return body.read()
