"""Reads the manifest and the variants of one source, and builds their URLs."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from scripts.pixfleet.stack.ssm_parameter import Distribution, Stack
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import quoted
from shared.model.errors import PixfleetError
from shared.model.keys import manifest_key, public_url, variant_key
from shared.model.manifest import Manifest, UnreadableManifest, read_manifest
from shared.model.recipe import Slot

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NoManifest(PixfleetError):
    """A source without a readable manifest, or with fewer variants than its manifest lists."""


class VariantsReader:
    """Reads from the variants bucket of a stack."""

    def __init__(self, s3: "S3Client", stack: Stack) -> None:
        self._s3 = s3
        self._bucket = stack.variants_bucket

    def manifest(self, key: str) -> Manifest:
        """Return a source's manifest; `NoManifest` if nothing is published."""
        try:
            with self._s3.get_object(Bucket=self._bucket, Key=manifest_key(key))["Body"] as body:
                return read_manifest(body.read())
        except ClientError as missing:
            if missing.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            raise NoManifest(
                f"Nothing of {quoted(key)} is published: `{suggest('why', key)}` says why."
            ) from None  # else the command line prints the error of AWS
        except UnreadableManifest as broken:
            raise NoManifest(
                f"The manifest of {quoted(key)} cannot be read: {broken}. "
                f"Delete {quoted(manifest_key(key))}, then "
                f"`{suggest('verify --repair', prefix=key)}` makes it again."
            ) from broken

    def variant(self, key: str, name: str, slot: Slot) -> tuple[str, bytes]:
        """Return a variant's Content-Type and its bytes."""
        stored = variant_key(key, name, slot)
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=stored)
        except ClientError as missing:
            if missing.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            raise NoManifest(
                f"{quoted(stored)} is in the manifest but not in the bucket: "
                f"`{suggest('verify --repair', prefix=key)}` makes it again."
            ) from None
        with response["Body"] as body:
            return response["ContentType"], body.read()


def manifest_url(key: str) -> str:
    """Return the path and query of a source's manifest on the distribution."""
    return f"{source_url(key)}?format=manifest"


def source_url(key: str) -> str:
    """Return the path of a source on the distribution: the edge chooses the variant."""
    path, _, _ = public_url(key, variant="", slot=Slot.FALLBACK, version="").partition("?")
    return path


def base_url(distribution: Distribution | None) -> str:
    """Return the URL to put before a path; empty without a distribution."""
    return distribution.url.rstrip("/") if distribution else ""
