"""Collects all that is known of one image in S3, beside what the ledger says of it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.image.variants import NoManifest, Shelf
from scripts.pixfleet.stack.document import Stack
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.check_result import CheckResult
from scripts.pixfleet.verify.listings import ListedKey, listed, object_pages
from shared.cloud.ledger_reader import Read
from shared.model.errors import UnsupportedKey
from shared.model.keys import NotAVariantKey, manifest_key, parse_stored_key, stored_key
from shared.model.manifest import Manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_VERSIONS = 20
MOST_OBJECTS = 200
NEARBY = 5
THREADS = 16


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the source, or a delete marker (without an ETag); newest first."""

    id: str
    modified: datetime
    is_latest: bool
    etag: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One stored object by name, and what HEAD says of it."""

    name: str
    type: str
    size_bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Life:
    """All of it. `verdict` is what `pixfleet verify` would say, without any grace.

    `manifest` is none where there is none that can be read; `problems` are what could not be had.
    """

    key: str
    versions: tuple[Version, ...]
    entry: Read
    manifest: Manifest | None
    stored: tuple[StoredObject, ...]
    verdict: CheckResult
    problems: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Say whether the source exists now."""
        return any(version.is_latest and version.etag for version in self.versions)


class Archive:
    """Where the life of one image is looked up."""

    def __init__(self, s3: "S3Client", stack: Stack, checker: Checker) -> None:
        self._s3 = s3
        self._stack = stack
        self._checker = checker

    def life(self, key: str, entry: Read) -> Life:
        """Return all that S3 tells of a key, beside what the ledger does."""
        problems: list[str] = []
        versions = self._versions_or_head(key, problems)
        stored = self._stored(key)
        latest = next((each for each in versions if each.is_latest and each.etag), None)
        source = listed(key, latest.etag, latest.modified, latest.size_bytes) if latest else None
        names = frozenset(each.name for each in stored)
        result = self._checker.check(ListedKey(key, source, names), entry)
        manifest = None
        try:
            manifest = Shelf(self._s3, self._stack).manifest(key) if stored else None
        except NoManifest as missing:
            problems.append(str(missing))
        return Life(key, versions, entry, manifest, stored, result, tuple(problems))

    def nearby(self, key: str) -> Sequence[str]:
        """Return some keys of the same folder, for somebody who has mistyped one."""
        folder = key[: key.rfind("/") + 1]
        answer = self._s3.list_objects_v2(
            Bucket=self._stack.sources_bucket, Prefix=folder, MaxKeys=NEARBY
        )
        return [each["Key"] for each in answer.get("Contents", [])]

    def _versions_or_head(self, key: str, problems: list[str]) -> tuple[Version, ...]:
        """Return the versions; where they may not be listed, the one that there is now."""
        try:
            versions = sorted(self._versions(key), key=lambda each: each.modified, reverse=True)
        except (ClientError, BotoCoreError) as refused:
            problems.append(f"The versions could not be listed: {refused}")
            source = self._checker.head(key)
            if source is None:
                return ()
            modified = datetime.fromisoformat(source.last_modified)
            return (Version("", modified, True, source.etag, source.size_bytes),)  # noqa: FBT003
        # Of two in one second the latest first.
        return tuple(sorted(versions, key=lambda each: not each.is_latest))

    def _versions(self, key: str) -> list[Version]:
        # By key, then newest first: those of the key itself come before those that continue it.
        page = self._s3.list_object_versions(
            Bucket=self._stack.sources_bucket, Prefix=key, MaxKeys=MOST_VERSIONS
        )
        found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        return [
            Version(
                id=each["VersionId"],
                modified=each["LastModified"],
                is_latest=each["IsLatest"],
                etag=each.get("ETag", "").strip('"'),
                size_bytes=each.get("Size", 0),
            )
            for each in found
            if each["Key"] == key
        ]

    def _stored(self, key: str) -> tuple[StoredObject, ...]:
        try:
            folder = manifest_key(key).removesuffix("manifest.json")
        except UnsupportedKey:
            return ()
        names = list(islice(self._names(folder, key), MOST_OBJECTS))
        with ThreadPoolExecutor(THREADS) as pool:
            return tuple(pool.map(lambda name: self._head(key, name), names))

    def _names(self, folder: str, key: str) -> Iterator[str]:
        bucket = self._stack.variants_bucket
        for page in object_pages(self._s3, bucket, folder):
            for stored in page:
                try:
                    source_key, name = parse_stored_key(stored)
                except NotAVariantKey:
                    continue
                if source_key == key:  # and not of a key that continues this one
                    yield name

    def _head(self, key: str, name: str) -> StoredObject:
        answer = self._s3.head_object(
            Bucket=self._stack.variants_bucket, Key=stored_key(key, name)
        )
        return StoredObject(
            name, answer["ContentType"], answer["ContentLength"], answer["LastModified"]
        )
