"""Reads an S3 Inventory: a manifest, and the gzipped CSV files that it names.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

import csv
import gzip
import io
import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote_plus

import msgspec

from scripts.pixfleet.backfill.listing import ledger_time
from scripts.pixfleet.backfill.selection import Page
from shared.model.errors import Misconfigured
from shared.model.source import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ARN = "arn:aws:s3:::"


class _File(msgspec.Struct):
    key: str


class _Manifest(msgspec.Struct, rename="camel"):
    source_bucket: str
    file_format: str
    file_schema: str = ""
    files: Annotated[tuple[_File, ...], msgspec.Meta(min_length=0)] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """The keys of an inventory that begin with a prefix. A cursor is `<file>:<rows read>`."""

    s3: "S3Client"
    bucket: str
    files: tuple[str, ...]
    columns: tuple[str, ...]
    prefix: str = ""

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield up to `size` sources at a time, each once, without old versions."""
        number, _, rows = (cursor or "0:0").partition(":")
        done = int(rows)
        for at in range(int(number), len(self.files)):
            yield from self._pages_of(at, done, size)
            done = 0

    def _pages_of(self, at: int, done: int, size: int) -> Iterator[Page]:
        with tempfile.TemporaryFile() as file:
            # Downloaded at once: a connection does not live as long as a backfill.
            self.s3.download_fileobj(self.bucket, self.files[at], file)
            file.seek(0)
            with gzip.open(file) as packed, io.TextIOWrapper(packed, "utf-8", newline="") as text:
                rows = itertools.islice(csv.reader(text), done, None)
                while part := list(itertools.islice(rows, size)):
                    done += len(part)
                    found = [each for row in part if (each := self._listed(row))]
                    yield Page(found, f"{at}:{done}")

    def _listed(self, row: Sequence[str]) -> Listed | None:
        fields = dict(zip(self.columns, row, strict=False))
        key = unquote_plus(fields["Key"])
        is_old = fields.get("IsLatest") == "false" or fields.get("IsDeleteMarker") == "true"
        if is_old or not key.startswith(self.prefix):
            return None
        modified = ""
        with suppress(ValueError):
            modified = ledger_time(datetime.fromisoformat(fields.get("LastModifiedDate", "")))
        return Listed(key, fields.get("ETag", "").strip('"'), modified)


def open_inventory(s3: "S3Client", url: str, *, sources_bucket: str, prefix: str) -> Inventory:
    """Return the inventory whose manifest is at `s3://bucket/…/manifest.json`.

    `Misconfigured` if there is none, or if it is of another bucket or not in CSV.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not key.endswith("manifest.json"):
        raise _unusable(url, "expected s3://bucket/…/manifest.json")
    try:
        with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
            manifest = msgspec.convert(json.loads(body.read()), _Manifest)
    except s3.exceptions.NoSuchKey:
        raise _unusable(url, "there is no such object") from None
    except (ValueError, msgspec.ValidationError) as wrong:
        raise _unusable(url, f"expected the manifest of an S3 Inventory: {wrong}") from wrong
    _refuse_unfit(url, manifest, sources_bucket)
    return Inventory(
        s3=s3,
        # The files are in the bucket of their manifest.
        bucket=bucket,
        files=tuple(each.key for each in manifest.files),
        columns=tuple(name.strip() for name in manifest.file_schema.split(",")),
        prefix=prefix,
    )


def _refuse_unfit(url: str, manifest: _Manifest, sources_bucket: str) -> None:
    if manifest.file_format != "CSV":
        raise _unusable(
            url,
            (
                f"expected an inventory in CSV, got {manifest.file_format}: "
                "set the inventory's output format to CSV, or use --prefix"
            ),
        )
    listed = manifest.source_bucket.removeprefix(ARN)
    if listed != sources_bucket:
        raise _unusable(url, f"expected an inventory of {sources_bucket}, got one of {listed}")
    if "Key" not in [name.strip() for name in manifest.file_schema.split(",")]:
        raise _unusable(url, f"expected a column Key, got {manifest.file_schema or 'none'}")


def _unusable(url: str, problem: str) -> Misconfigured:
    return Misconfigured(f"{url} cannot be used", [problem])
