"""Collects what S3 and the ledger hold for one key."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.image.variants import NoManifest, VariantsReader
from scripts.pixfleet.stack.access import why_refused
from scripts.pixfleet.stack.parts import MissingPart, Parts
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.check_result import CheckResult
from scripts.pixfleet.verify.listings import ListedKey, listed, object_pages
from shared.cloud.ledger_reader import Read
from shared.model.errors import UnsupportedKey
from shared.model.keys import NotAVariantKey, manifest_key, parse_stored_key, stored_key
from shared.model.manifest import Manifest
from shared.model.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_VERSIONS = 20
MAX_OBJECTS = 200
MAX_NEARBY = 5
THREADS = 16


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """One version of the source; a delete marker has no ETag."""

    id: str
    modified: datetime
    is_latest: bool
    etag: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One stored object: its name, such as `w640.avif`, and what HeadObject returns."""

    name: str
    type: str
    size_bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """What is known of one key; `versions` are newest first.

    `check` is the result of `pixfleet verify` without a grace period. `manifest` is None if there
    is no readable manifest. `problems` are sentences about what could not be read. `entry` and
    `check` are None if AWS refused to tell.
    """

    key: str
    versions: tuple[SourceVersion, ...]
    entry: Read | None
    manifest: Manifest | None
    stored: tuple[StoredObject, ...]
    check: CheckResult | None
    problems: tuple[str, ...] = ()
    missing: tuple[MissingPart, ...] = ()

    @property
    def source_exists(self) -> bool:
        """Return whether the source exists now."""
        return any(version.is_latest and version.etag for version in self.versions)


class HistoryReader:
    """Reads the history of keys of one stack."""

    def __init__(
        self,
        s3: "S3Client",
        stack: Stack,
        checker: Checker | None,
        head: Callable[[str], Source | None],
    ) -> None:
        self._s3 = s3
        self._stack = stack
        self._checker = checker
        self._head_source = head

    def read(self, key: str, entry: Read | None, parts: Parts) -> KeyHistory:
        """Return the history of a key; `entry` is its ledger entry, None if it is not known.

        What AWS refuses is added to the missing parts.
        """
        problems: list[str] = []
        versions = parts.read(
            "source",
            lambda: self._versions_or_head(key, problems),
            None,
            means="Whether there is a source is unknown.",
        )
        stored = parts.read(
            "stored objects", lambda: self._stored(key), None, means="What is stored is unknown."
        )
        result = None
        if entry is not None and versions is not None and stored is not None:
            result = self._check(key, versions, stored, entry, parts)
        manifest = self._manifest(key, problems, parts) if stored else None
        return KeyHistory(
            key,
            versions or (),
            entry,
            manifest,
            stored or (),
            result,
            tuple(problems),
            tuple(parts.missing),
        )

    def _check(
        self,
        key: str,
        versions: Sequence[SourceVersion],
        stored: Sequence[StoredObject],
        entry: Read,
        parts: Parts,
    ) -> CheckResult | None:
        if (checker := self._checker) is None:
            return None
        latest = next((each for each in versions if each.is_latest and each.etag), None)
        source = listed(key, latest.etag, latest.modified, latest.size_bytes) if latest else None
        names = frozenset(each.name for each in stored)
        return parts.read(
            "comparison",
            lambda: checker.check(ListedKey(key, source, names), entry),
            None,
            means="Whether its variants are those of the source is unknown.",
        )

    def _manifest(self, key: str, problems: list[str], parts: Parts) -> Manifest | None:
        try:
            return parts.read(
                "manifest",
                lambda: VariantsReader(self._s3, self._stack).manifest(key),
                None,
                means="What web pages read is unknown.",
            )
        except NoManifest as missing:
            problems.append(str(missing))
            return None

    def _versions_or_head(self, key: str, problems: list[str]) -> tuple[SourceVersion, ...]:
        """Return the versions; if ListObjectVersions is refused, the current version only."""
        try:
            return versions_of(self._s3, self._stack, key)
        except (ClientError, BotoCoreError) as refused:
            problems.append(f"The versions could not be listed: {why_refused(refused)[0]}")
            source = self._head_source(key)
            if source is None:
                return ()
            modified = datetime.fromisoformat(source.last_modified)
            return (SourceVersion("", modified, True, source.etag, source.size_bytes),)  # noqa: FBT003

    def _stored(self, key: str) -> tuple[StoredObject, ...]:
        try:
            folder = manifest_key(key).removesuffix("manifest.json")
        except UnsupportedKey:
            return ()
        names = list(islice(self._names(folder, key), MAX_OBJECTS))
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
                if source_key == key:  # not a longer key with this prefix
                    yield name

    def _head(self, key: str, name: str) -> StoredObject:
        response = self._s3.head_object(
            Bucket=self._stack.variants_bucket, Key=stored_key(key, name)
        )
        return StoredObject(
            name, response["ContentType"], response["ContentLength"], response["LastModified"]
        )


def nearby(s3: "S3Client", stack: Stack, key: str) -> Sequence[str]:
    """Return some keys of the same folder, as suggestions for a mistyped key."""
    folder = key[: key.rfind("/") + 1]
    response = s3.list_objects_v2(Bucket=stack.sources_bucket, Prefix=folder, MaxKeys=MAX_NEARBY)
    return [each["Key"] for each in response.get("Contents", [])]


def versions_of(s3: "S3Client", stack: Stack, key: str) -> tuple[SourceVersion, ...]:
    """Return the latest versions of a source, newest first, at most `MAX_VERSIONS`."""
    # S3 sorts by key: versions of this key come before those of longer keys with this prefix.
    page = s3.list_object_versions(Bucket=stack.sources_bucket, Prefix=key, MaxKeys=MAX_VERSIONS)
    listed_versions: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    versions = [
        SourceVersion(
            id=each["VersionId"],
            modified=each["LastModified"],
            is_latest=each["IsLatest"],
            etag=each.get("ETag", "").strip('"'),
            size_bytes=each.get("Size", 0),
        )
        for each in listed_versions
        if each["Key"] == key
    ]
    # Versions of the same second: the latest one comes first.
    newest_first = sorted(versions, key=lambda each: each.modified, reverse=True)
    return tuple(sorted(newest_first, key=lambda each: not each.is_latest))
