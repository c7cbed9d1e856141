"""The checkpoint: a file that records how far a backfill is, also after `kill -9`.

It is an SQLite database, so that a page is recorded in one transaction, and ten million keys stay
on disk. A page is recorded before it is sent and again afterwards. If the second record is
missing, the page is sent again.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from scripts.pixfleet.backfill.selection import Chosen, Page, Skipped, SourceOutcome, Wanted
from scripts.pixfleet.private_files import make_private, make_private_folder
from shared.model.errors import Misconfigured
from shared.model.source import Listed

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tallies (name TEXT PRIMARY KEY, count REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skipped
    (reason TEXT PRIMARY KEY, count INTEGER NOT NULL, example TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS left_out (name TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS not_made
    (key TEXT PRIMARY KEY, outcome TEXT NOT NULL, cause TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages
    (number INTEGER PRIMARY KEY, is_sent INTEGER NOT NULL, wanted TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files
    (name TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL) WITHOUT ROWID;
"""
SQLITE = b"SQLite format 3\0"
CURSOR, SELECTION, ALL_SENT = "cursor", "selection", "all_sent"
# The fact `ALL_SENT` of a run that no limit has stopped.
TO_ITS_END = "to its end"
LISTED, SENT, CPU_SECONDS = "seen", "sent", "cpu_seconds"
ADD = (
    "INSERT INTO tallies VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + "
    "excluded.count"
)
SKIP = (
    "INSERT INTO skipped VALUES (?, ?, ?) ON CONFLICT (reason) DO UPDATE SET count = count + "
    "excluded.count"
)


@dataclass(frozen=True, slots=True)
class OpenPage:
    """The sources of one page that have no outcome yet."""

    number: int
    wanted: Sequence[Wanted]


class Checkpoint:
    """The record of one run. When a method returns, its changes are on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        make_private_folder(path.parent)
        # SQLite gives the files beside the database the same mode.
        make_private(path)
        self._db = sqlite3.connect(path, isolation_level=None)
        with self.transaction():
            for statement in SCHEMA.split(";"):
                self._db.execute(statement)

    @classmethod
    def open(cls, path: Path, selection: str, *, restart: bool) -> Self:
        """Return the checkpoint of this selection, a new one if there is none.

        `Misconfigured` if the file belongs to another run that has more to send. `restart`
        deletes an existing checkpoint first.
        """
        if restart:
            _refuse_other_files(path)
            path.unlink(missing_ok=True)
        try:
            checkpoint = cls(path)
            found = checkpoint.fact(SELECTION)
        except (sqlite3.Error, OSError) as error:
            raise Misconfigured(
                f"The checkpoint {path} cannot be used",
                [f"{error}: name another (--checkpoint)"],
            ) from error
        if found and found != selection:
            if not checkpoint.fact(ALL_SENT):
                raise _of_another_run(path, found)
            checkpoint.remove()
            checkpoint = cls(path)
        checkpoint.note(SELECTION, selection)
        return checkpoint

    def fact(self, name: str) -> str:
        """Return the fact of this name, an empty string if there is none."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def note(self, name: str, value: object) -> None:
        """Record a fact about the run."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, str(value)))

    def tally(self, name: str) -> int:
        """Return the count of this name."""
        return round(self.amount(name))

    def amount(self, name: str) -> float:
        """Return the sum of this name, which need not be a whole number."""
        row = self._db.execute("SELECT count FROM tallies WHERE name = ?", (name,)).fetchone()
        return float(row[0]) if row else 0.0

    def skipped(self) -> Sequence[tuple[str, int, str]]:
        """Return each reason for not sending, with its count and an example."""
        return list(self._db.execute("SELECT * FROM skipped ORDER BY reason"))

    def skip(self, reason: Skipped, names: Sequence[str]) -> None:
        """Count sources that are not sent, and record the names of files that are left out."""
        if not names:
            return
        self._db.execute(SKIP, (reason, len(names), names[0]))
        if reason.is_of_file:
            rows = ((name, reason) for name in names)
            self._db.executemany("INSERT OR REPLACE INTO left_out VALUES (?, ?)", rows)

    def left_out(self) -> Iterator[tuple[str, Skipped]]:
        """Yield each name that was left out of a folder, and why, by name."""
        for name, reason in self._db.execute("SELECT name, reason FROM left_out ORDER BY name"):
            yield name, Skipped(reason)

    def refused_files(self) -> int:
        """Return how many files were left out of which somebody would expect a picture."""
        return sum(reason.is_refusal_of(name) for name, reason in self.left_out())

    def not_made(self) -> Iterator[tuple[str, SourceOutcome, str]]:
        """Yield each key that was sent and rejected or failed, with its cause, by key."""
        for key, outcome, cause in self._db.execute("SELECT * FROM not_made ORDER BY key"):
            yield key, SourceOutcome(outcome), cause

    def plan(self, chosen: Chosen, page: Page) -> OpenPage:
        """Record the chosen sources of a page before they are sent, and the next page's cursor.

        Return the page to send; it is empty if no source was chosen.
        """
        with self.transaction():
            self._add({LISTED: len(page.listed)})
            for reason, keys in chosen.skipped.items():
                self.skip(reason, keys)
            self.note(CURSOR, page.cursor)
            if not chosen.wanted:
                return OpenPage(0, ())
            number = self._db.execute(
                "INSERT INTO pages (is_sent, wanted) VALUES (0, ?)", (_encoded(chosen.wanted),)
            ).lastrowid
        return OpenPage(number or 0, chosen.wanted)

    def sent(self, page: OpenPage, unread: Sequence[str] = ()) -> None:
        """Record that a page was sent, except the keys in `unread`.

        This is already the outcome of a current source.
        """
        sent = [each for each in page.wanted if each.key not in unread]
        current = sum(each.is_current for each in sent)
        with self.transaction():
            self.skip(Skipped.UNREADABLE, unread)
            self._add({SENT: len(sent), SourceOutcome.CURRENT: current})
            self._keep(page.number, [each for each in sent if not each.is_current])

    def planned(self) -> Sequence[OpenPage]:
        """Return the pages that were recorded and may have been sent: one at most."""
        rows = self._db.execute("SELECT number, wanted FROM pages WHERE is_sent = 0")
        return [OpenPage(number, _decoded(text)) for number, text in rows]

    def open_pages(self, first: int, before: int | None = None) -> Iterator[OpenPage]:
        """Yield sent pages with sources that have no outcome yet, read one by one."""
        end = before if before is not None else 1 << 62
        while row := self._db.execute(
            "SELECT number, wanted FROM pages WHERE is_sent = 1 AND number >= ? AND number < ? "
            "ORDER BY number LIMIT 1",
            (first, end),
        ).fetchone():
            yield OpenPage(row[0], _decoded(row[1]))
            first = row[0] + 1

    def add_outcomes(
        self,
        page: OpenPage,
        outcomes: Mapping[str, SourceOutcome],
        amounts: Mapping[str, float],
        causes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Record the outcomes of some keys of a page, and add amounts to their sums.

        `causes` are those of the rejected ones.
        """
        not_made = [
            (key, outcome, causes.get(key, ""))
            for key, outcome in outcomes.items()
            if outcome in (SourceOutcome.REJECTED, SourceOutcome.FAILED)
        ]
        with self.transaction():
            self._add({**Counter(outcomes.values()), **amounts})
            self._db.executemany("INSERT OR REPLACE INTO not_made VALUES (?, ?, ?)", not_made)
            self._keep(page.number, [each for each in page.wanted if each.key not in outcomes])

    def add_files(self, files: Iterable[tuple[str, int]]) -> None:
        """Record files of a folder; a second time changes nothing."""
        with self.transaction():
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", files)

    def forget_files(self) -> None:
        """Delete the list of files, and the counts of those that were skipped."""
        with self.transaction():
            self._db.execute("DELETE FROM files")
            self._db.execute("DELETE FROM skipped")
            self._db.execute("DELETE FROM left_out")

    def files(self) -> tuple[int, int]:
        """Return the number of recorded files, and their bytes."""
        row = self._db.execute("SELECT count(*), total(size_bytes) FROM files").fetchone()
        return int(row[0]), int(row[1])

    def files_after(self, name: str, most: int) -> Sequence[Listed]:
        """Return the next files by name."""
        rows = self._db.execute(
            "SELECT name, size_bytes FROM files WHERE name > ? ORDER BY name LIMIT ?", (name, most)
        )
        return [Listed(name, size_bytes=size) for name, size in rows]

    def close(self) -> None:
        """Close the file and keep it for the next time."""
        self._db.close()

    def remove(self) -> None:
        """Delete the file: the run is finished."""
        self._db.close()
        self.path.unlink(missing_ok=True)

    def _add(self, amounts: Mapping[str, float]) -> None:
        self._db.executemany(ADD, [(name, count) for name, count in amounts.items() if count])

    def _keep(self, number: int, wanted: Sequence[Wanted]) -> None:
        if wanted:
            self._db.execute(
                "UPDATE pages SET is_sent = 1, wanted = ? WHERE number = ?",
                (_encoded(wanted), number),
            )
        else:
            self._db.execute("DELETE FROM pages WHERE number = ?", (number,))

    @property
    def database(self) -> sqlite3.Connection:
        """Return the connection, for tables of a run that only some runs have."""
        return self._db

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that the block writes at once, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _refuse_other_files(path: Path) -> None:
    """Raise `Misconfigured` if the file exists and is not an SQLite database."""
    if path.exists() and not path.read_bytes().startswith(SQLITE):
        raise Misconfigured(
            f"{path} is no checkpoint",
            ["expected a checkpoint to delete: name another (--checkpoint)"],
        )


def _encoded(wanted: Sequence[Wanted]) -> str:
    return json.dumps([(each.key, each.before, each.is_current) for each in wanted])


def _decoded(text: str) -> Sequence[Wanted]:
    return [Wanted(*each) for each in json.loads(text)]


def _of_another_run(path: Path, found: str) -> Misconfigured:
    return Misconfigured(
        f"The checkpoint {path} is of another backfill",
        [
            (
                f"expected that of this command, got that of `{found}`, which is not finished: "
                "type that command to continue it, --restart to delete it, or --checkpoint to "
                "keep both"
            )
        ],
    )
