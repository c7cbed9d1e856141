"""Deletes keys that a folder does not have, exactly those that were shown, and only if unchanged.

A key is listed again, compared with what was shown, and deleted on the condition of its ETag. S3
has no condition on the time or the version of an object outside of directory buckets, so one case
is not covered: between listing and deletion somebody uploads the very same content again.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.pixfleet.backfill.deletion_plan import (
    DeletionOutcome,
    DeletionPlan,
    DeletionResult,
    Kept,
    PlannedDeletion,
)
from scripts.pixfleet.backfill.folder import Folder
from scripts.pixfleet.backfill.listing import LIST_KEYS, Listing, as_listed
from scripts.pixfleet.terminal.text import quoted
from shared.cloud.calls import Calls
from shared.cloud.errors import ConditionRefused, Missing
from shared.model.errors import Misconfigured
from shared.model.source import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Keys that are recorded as begun, deleted and recorded as deleted together.
BATCH_KEYS = 100
NO_SEGMENTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Deletions:
    """The keys under a folder's prefix that the folder does not have."""

    folder: Folder
    plan: DeletionPlan
    store: "SourcesToDelete"
    threads: Executor
    most: int | None = None

    def find(self, advance: Callable[[int], None] = lambda _: None) -> None:
        """Plan the deletion of each source under the prefix without a file in the folder.

        The folder must have been listed: what it holds and does not upload is kept, too.
        `Misconfigured` if it holds no image at all, or if more than `most` keys are found.
        """
        self.plan.clear()
        if not self.plan.has_files():
            raise _refusal(
                f"expected images in {quoted(str(self.folder.path))}, got none: --delete would "
                f"delete every key under {self.folder.key_prefix or 'the whole bucket'}"
            )
        listing = Listing(self.store.s3, self.store.bucket, self.folder.key_prefix)
        for page in listing.pages("", LIST_KEYS):
            kept = self._kept([each.key for each in page.listed])
            doomed = [each for each in page.listed if each.key not in kept]
            self.plan.add(doomed, {key: why for key, why in kept.items() if why})
            advance(len(page.listed))
        planned = self.plan.totals().planned
        if self.most is not None and planned > self.most:
            raise _refusal(f"expected at most {self.most:,} deletions, got {planned:,}")

    def carry_out(self, advance: Callable[[int], None] = lambda _: None) -> None:
        """Delete the planned keys that have no outcome yet."""
        done = ""
        while batch := self.plan.waiting(done, BATCH_KEYS):
            done = batch[-1].key
            self.plan.begin(batch)
            self.plan.finish(list(self.threads.map(self._delete, batch)))
            advance(len(batch))

    def _kept(self, keys: Sequence[str]) -> Mapping[str, Kept | None]:
        """Return the keys that are not deleted, each with the reason; None if it is uploaded."""
        names = {key: key.removeprefix(self.folder.key_prefix) for key in keys}
        paths = {path for name in names.values() for path in _paths(name)}
        known = self.plan.names_known(sorted(paths))
        kept: dict[str, Kept | None] = {}
        for key, name in names.items():
            if name in known:
                kept[key] = None
            elif reason := self._reason(key, name, known):
                kept[key] = reason
        return kept

    def _reason(self, key: str, name: str, known: frozenset[str]) -> Kept | None:
        if NO_SEGMENTS & set(name.split("/")) or "\0" in name:
            return Kept.NO_FILE_NAME
        if key.startswith("_") and "/" in key:
            return Kept.OWN_FOLDER
        recipes = self.folder.recipe_set
        if key in {each.watermark.key for each in recipes.recipes if each.watermark}:
            return Kept.WATERMARK
        if recipes.matching(key) is None:
            return Kept.NO_RECIPE
        # What is behind a link to a folder is left out under the name of the link.
        if known.intersection(_paths(name)) or self._has_file(name):
            return Kept.FILE_LEFT_OUT
        return None

    def _delete(self, planned: PlannedDeletion) -> DeletionResult:
        if self._has_file(planned.key.removeprefix(self.folder.key_prefix)):
            return DeletionResult(planned.key, DeletionOutcome.FILE_RETURNED)
        return self.store.delete(planned)

    def _has_file(self, name: str) -> bool:
        """Return whether the folder has something of this name now.

        Some file systems find a file by other names too, such as one in upper case.
        """
        return os.path.lexists(self.folder.path / name)


def _refusal(problem: str) -> Misconfigured:
    return Misconfigured("Nothing was uploaded or deleted", [problem])


def _paths(name: str) -> Sequence[str]:
    """Return a name and the folders it is in: `a/b/c.png`, `a/b` and `a`."""
    parts = name.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


@dataclass(frozen=True, slots=True)
class SourcesToDelete:
    """The sources bucket."""

    s3: "S3Client"
    calls: Calls
    bucket: str

    def delete(self, planned: PlannedDeletion) -> DeletionResult:
        """Delete a key if it is the object that was shown.

        In a bucket with versions that adds a delete marker, and the object can be restored.
        """
        key, now = planned.key, self._listed(planned.key)
        if now is None:
            # The answer to an earlier request may have been lost, or the process was killed.
            gone = DeletionOutcome.ALREADY_GONE
            return DeletionResult(key, DeletionOutcome.DELETED if planned.was_begun else gone)
        if now != planned.listed:
            return DeletionResult(key, DeletionOutcome.CHANGED)
        try:
            answer = self.calls.attempt(
                lambda: self.s3.delete_object(
                    Bucket=self.bucket, Key=key, IfMatch=f'"{planned.listed.etag}"'
                ),
                stage="delete",
            )
        except ConditionRefused:
            return DeletionResult(key, DeletionOutcome.CHANGED)
        except Missing:
            return DeletionResult(key, DeletionOutcome.ALREADY_GONE)
        marker = answer.get("VersionId", "") if answer.get("DeleteMarker") else ""
        return DeletionResult(key, DeletionOutcome.DELETED, marker)

    def _listed(self, key: str) -> Listed | None:
        """Return how S3 lists a key now, as it was shown; None if there is no such object."""
        # S3 lists by bytes, so a key comes before the longer ones that begin with it.
        answer = self.calls.attempt(
            lambda: self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1),
            stage="head",
        )
        found = next(iter(answer.get("Contents", [])), None)
        return as_listed(found) if found and found["Key"] == key else None
