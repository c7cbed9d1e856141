"""Lists the images of a folder, recognised by their first bytes, and counts the other files."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.backfill.selection import Skipped
from shared.imaging.intake.magic import RENDERED
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.errors import Misconfigured, UnsupportedKey
from shared.model.keys import refuse_unsupported
from shared.model.recipe import RecipeSet

# Files that are recorded in one transaction.
BATCH_FILES = 1000


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, the prefix of its files' keys, and what the deployed worker accepts."""

    path: Path
    prefix: str
    recipe_set: RecipeSet
    max_bytes: int

    @property
    def key_prefix(self) -> str:
        """Return what precedes a file's path in its key."""
        return self.prefix if not self.prefix or self.prefix.endswith("/") else f"{self.prefix}/"

    def key_of(self, name: str) -> str:
        """Return the key of a file, given its path relative to the folder."""
        return f"{self.key_prefix}{name}"

    def list_into(self, checkpoint: Checkpoint) -> None:
        """Record every file that can be uploaded; `Misconfigured` if there is no such folder."""
        if not self.path.is_dir():
            raise Misconfigured(
                f"{self.path} cannot be uploaded", ["expected a folder that holds images"]
            )
        checkpoint.forget_files()
        found: list[tuple[str, int]] = []
        for entry in _entries(self.path):
            name = PurePosixPath(os.path.relpath(entry.path, self.path)).as_posix()
            size = self._size_or_reason(entry, name)
            if isinstance(size, Skipped):
                checkpoint.skip(size, [_shown(name)])
                continue
            found.append((name, size))
            if len(found) == BATCH_FILES:
                checkpoint.add_files(found)
                found.clear()
        checkpoint.add_files(found)

    def _size_or_reason(self, entry: "os.DirEntry[str]", name: str) -> int | Skipped:
        try:
            if entry.is_symlink() and not self._is_inside(entry.path):
                return Skipped.LINK_OUTSIDE
            if not entry.is_file():
                return Skipped.NOT_A_FILE
            size = entry.stat().st_size
            with Path(entry.path).open("rb") as file:
                kind = sniff(file.read(HEADER_BYTES))
        except OSError:
            return Skipped.UNREADABLE
        if kind not in RENDERED:
            return Skipped.UNSUPPORTED_FORMAT if kind else Skipped.NOT_AN_IMAGE
        if size > self.max_bytes:
            return Skipped.TOO_MANY_BYTES
        return self._reason_of_key(self.key_of(name)) or size

    def _reason_of_key(self, key: str) -> Skipped | None:
        try:
            refuse_unsupported(key)
        except (UnsupportedKey, UnicodeEncodeError):  # a file name may be any bytes
            return Skipped.UNSUPPORTED_KEY
        return None if self.recipe_set.matching(key) else Skipped.NO_RECIPE

    def _is_inside(self, path: str) -> bool:
        return Path(path).resolve().is_relative_to(self.path.resolve())


def _entries(path: Path) -> Iterator["os.DirEntry[str]"]:
    """Yield the files of a folder and its subfolders, one by one."""
    waiting = [str(path)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry


def _shown(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
