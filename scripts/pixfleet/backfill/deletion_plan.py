"""The keys that a synchronisation deletes, in its checkpoint.

They are recorded before they are shown, and nothing else is deleted, also by a continued run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scripts.pixfleet.backfill.checkpoint import Checkpoint
from shared.model.source import Listed

SCHEMA = """
CREATE TABLE IF NOT EXISTS deletions
    (key TEXT PRIMARY KEY, etag TEXT NOT NULL, last_modified TEXT NOT NULL,
     size_bytes INTEGER NOT NULL, outcome TEXT NOT NULL, marker TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
"""
WAITING, BEGUN = "", "begun"
# SQLite's limit is 32,766: https://www.sqlite.org/limits.html#max_variable_number
MOST_PARAMETERS = 10_000


class Kept(StrEnum):
    """Why a key of the prefix is not deleted although no file was uploaded for it."""

    FILE_LEFT_OUT = "file_left_out"  # the folder has a file of this name
    NO_RECIPE = "no_recipe"  # it is no source: the workers make nothing of it
    WATERMARK = "watermark"  # a recipe needs it
    OWN_FOLDER = "own_folder"  # its folder begins with `_`, as those of Pixfleet do
    NO_FILE_NAME = "no_file_name"  # no file can have this name


class DeletionOutcome(StrEnum):
    """What became of a key that was to be deleted."""

    DELETED = "deleted"
    CHANGED = "changed"  # it was replaced after it was shown, and is kept
    FILE_RETURNED = "file_returned"  # the folder has the file again, and the key is kept
    ALREADY_GONE = "already_gone"


@dataclass(frozen=True, slots=True)
class PlannedDeletion:
    """A key as it was shown; `was_begun` means that an interrupted run may have deleted it."""

    listed: Listed
    was_begun: bool = False

    @property
    def key(self) -> str:
        """Return the key."""
        return self.listed.key


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """The outcome for one key; `marker` is the version id of its delete marker, if it has one."""

    key: str
    outcome: DeletionOutcome
    marker: str = ""


@dataclass(frozen=True, slots=True)
class DeletionTotals:
    """What became of the planned deletions: `planned` is the sum of the others."""

    planned: int
    deleted: int
    changed: int
    file_returned: int
    already_gone: int
    waiting: int

    @property
    def is_as_shown(self) -> bool:
        """Return whether no key that was shown is left in the bucket."""
        return self.planned == self.deleted + self.already_gone


class DeletionPlan:
    """The planned deletions of one checkpoint. When a method returns, its changes are on disk."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._db = checkpoint.database
        with checkpoint.transaction():
            for statement in SCHEMA.split(";"):
                self._db.execute(statement)

    def clear(self) -> None:
        """Forget a plan that was not confirmed."""
        with self._checkpoint.transaction():
            self._db.execute("DELETE FROM deletions")
            self._db.execute("DELETE FROM kept")

    def add(self, doomed: Sequence[Listed], kept: Mapping[str, Kept]) -> None:
        """Record keys to delete, and keys that are kept."""
        rows = (
            (each.key, each.etag, each.last_modified, each.size_bytes, WAITING, "")
            for each in doomed
        )
        with self._checkpoint.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO deletions VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            self._db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", kept.items())

    def has_files(self) -> bool:
        """Return whether the folder has a file that can be uploaded."""
        return bool(self._checkpoint.files()[0])

    def names_known(self, names: Sequence[str]) -> frozenset[str]:
        """Return those of the names that the folder has, uploaded or left out."""
        found: set[str] = set()
        for at in range(0, len(names), MOST_PARAMETERS):
            part = tuple(names[at : at + MOST_PARAMETERS])
            placeholders = ", ".join("?" * len(part))
            for table in ("files", "left_out"):
                statement = f"SELECT name FROM {table} WHERE name IN ({placeholders})"  # noqa: S608 - ours
                found |= {row[0] for row in self._db.execute(statement, part)}
        return frozenset(found)

    def listed(self) -> Iterator[Listed]:
        """Yield every planned key as it was listed, by name."""
        after = ""
        while part := self._after(after, "1"):
            yield from (each.listed for each in part)
            after = part[-1].key

    def waiting(self, after: str, most: int) -> Sequence[PlannedDeletion]:
        """Return the next keys without an outcome, by name."""
        return self._after(after, f"outcome IN ('{WAITING}', '{BEGUN}')", most)

    def begin(self, planned: Sequence[PlannedDeletion]) -> None:
        """Record that these keys are about to be deleted."""
        rows = [(BEGUN, "", each.key) for each in planned]
        self._write(rows)

    def finish(self, results: Sequence[DeletionResult]) -> None:
        """Record what became of keys."""
        self._write([(each.outcome.value, each.marker, each.key) for each in results])

    def results(self) -> Iterator[DeletionResult]:
        """Yield the outcome of each key that has one, by name."""
        rows = self._db.execute(
            "SELECT key, outcome, marker FROM deletions WHERE outcome NOT IN (?, ?) ORDER BY key",
            (WAITING, BEGUN),
        )
        for key, outcome, marker in rows:
            yield DeletionResult(key, DeletionOutcome(outcome), marker)

    def totals(self) -> DeletionTotals:
        """Return the outcomes in numbers that add up."""
        rows = self._db.execute("SELECT outcome, count(*) FROM deletions GROUP BY outcome")
        counts = {str(outcome): int(count) for outcome, count in rows}
        outcomes = {each.value: counts.pop(each.value, 0) for each in DeletionOutcome}
        waiting = sum(counts.values())
        return DeletionTotals(
            planned=waiting + sum(outcomes.values()), waiting=waiting, **outcomes
        )

    def kept(self) -> Sequence[tuple[str, int, str]]:
        """Return each reason for keeping keys, with their number and an example."""
        return list(
            self._db.execute("SELECT reason, count(*), min(key) FROM kept GROUP BY reason")
        )

    def kept_keys(self) -> Iterator[tuple[str, Kept]]:
        """Yield each key that is kept although no file was uploaded for it, by name."""
        for key, reason in self._db.execute("SELECT key, reason FROM kept ORDER BY key"):
            yield key, Kept(reason)

    def _after(self, key: str, condition: str, most: int = 1000) -> Sequence[PlannedDeletion]:
        rows = self._db.execute(
            "SELECT key, etag, last_modified, size_bytes, outcome FROM deletions "  # noqa: S608 - ours
            f"WHERE key > ? AND {condition} ORDER BY key LIMIT ?",
            (key, most),
        )
        return [PlannedDeletion(Listed(*row[:4]), row[4] == BEGUN) for row in rows]

    def _write(self, rows: Sequence[tuple[str, str, str]]) -> None:
        with self._checkpoint.transaction():
            self._db.executemany(
                "UPDATE deletions SET outcome = ?, marker = ? WHERE key = ?", rows
            )
