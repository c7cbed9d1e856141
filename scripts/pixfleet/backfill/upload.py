"""Uploads files to the sources bucket, whose events then start the workers."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.backfill.folder import Folder
from scripts.pixfleet.backfill.listed_objects import ListedObjects
from scripts.pixfleet.backfill.selection import Chosen, Page, Skipped, Wanted
from shared.cloud.calls import Calls
from shared.cloud.errors import Missing
from shared.cloud.ledger_reader import LedgerReader
from shared.model.source import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


PAGE_FILES = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of a folder, except those that the bucket holds with the same content."""

    folder: Folder
    checkpoint: Checkpoint
    store: "Store"
    stored: ListedObjects
    ledger: LedgerReader
    threads: Executor

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield the recorded files, by name."""
        while files := self.checkpoint.files_after(cursor, size):
            cursor = files[-1].key
            yield Page(files, cursor)

    def keys(self) -> Iterator[str]:
        """Yield the key of each recorded file, by name."""
        for page in self.pages("", PAGE_FILES):
            yield from (self.folder.key_of(each.key) for each in page.listed)

    def choose(self, page: Page) -> Chosen:
        """Return the files of a page that the bucket does not hold with the same content."""
        skipped: dict[Skipped, list[str]] = defaultdict(list)
        names: list[str] = []
        stored = self.stored.of([self.folder.key_of(each.key) for each in page.listed])
        reasons = self.threads.map(lambda each: self._reason(each.key, stored), page.listed)
        for listed, reason in zip(page.listed, reasons, strict=True):
            if reason:
                skipped[reason].append(listed.key)
            else:
                names.append(listed.key)
        keys = [self.folder.key_of(name) for name in names]
        entries = self.ledger.entries(keys, consistent=True)
        wanted = [Wanted(key, entries[key].updated_at) for key in keys]
        return Chosen(wanted, skipped)

    def send(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Upload the files of these keys."""
        return self._each(wanted, self.store.put)

    def send_again(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Upload the files of those keys that the bucket does not hold."""
        return self._each(wanted, self.store.put_unless_there)

    def _each(self, wanted: Sequence[Wanted], put: Callable[[str, Path], None]) -> Sequence[str]:
        def unread(each: Wanted) -> str:
            try:
                put(each.key, self._path(each))
            except OSError:
                return each.key
            return ""

        return [key for key in self.threads.map(unread, wanted) if key]

    def _reason(self, name: str, stored: Mapping[str, Listed | None]) -> Skipped | None:
        key, path = self.folder.key_of(name), self.folder.path / name
        try:
            is_there = (
                self.store.holds(stored[key], path) if key in stored else self.store.has(key, path)
            )
        except OSError:
            return Skipped.UNREADABLE
        return Skipped.ALREADY_THERE if is_there else None

    def _path(self, wanted: Wanted) -> Path:
        return self.folder.path / wanted.key.removeprefix(self.folder.key_prefix)


@dataclass(frozen=True, slots=True)
class Store:
    """The sources bucket. No source is larger than 512 MiB, so each upload is one PUT."""

    s3: "S3Client"
    calls: Calls
    bucket: str

    def holds(self, listed: Listed | None, path: Path) -> bool:
        """Return whether a listed object has a file's content; None stands for no object.

        A listing tells it by size and ETag, unless the ETag is no MD5: then a HEAD does.
        """
        if listed is None or listed.size_bytes != path.stat().st_size:
            return False
        return listed.etag == _md5(path) or self.has(listed.key, path)

    def has(self, key: str, path: Path) -> bool:
        """Return whether the object of a key has a file's content, without reading the object.

        Pixfleet's own uploads have a SHA-256 that S3 checked. For other uploads the ETag is
        compared, which is the MD5 unless KMS encrypts the object or it was uploaded in parts:
        in these cases the content counts as different.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        try:
            head = self.calls.attempt(
                lambda: self.s3.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED"),
                stage="head",
            )
        except Missing:
            return False
        if head["ContentLength"] != path.stat().st_size:
            return False
        if sha256 := head.get("ChecksumSHA256"):
            return sha256 == _sha256(path)
        return head["ETag"].strip('"') == _md5(path)

    def put(self, key: str, path: Path) -> None:
        """Upload a file; S3 refuses it if its checksum does not match."""
        self._put(key, path)

    def put_new(self, key: str, path: Path) -> None:
        """Upload a file; `ConditionRefused` if the bucket has an object of this key.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        self._put(key, path, IfNoneMatch="*")

    def put_unless_there(self, key: str, path: Path) -> None:
        """Upload a file unless the bucket holds its content already."""
        if not self.has(key, path):
            self.put(key, path)

    def _put(self, key: str, path: Path, **condition: Any) -> None:  # noqa: ANN401 - boto3's types
        checksum = _sha256(path)

        def put() -> None:
            with path.open("rb") as body:
                self.s3.put_object(
                    Bucket=self.bucket, Key=key, Body=body, ChecksumSHA256=checksum, **condition
                )

        self.calls.attempt(put, stage="put")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        # Not for security: S3 offers nothing else for other uploads.
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        return digest.hexdigest()
