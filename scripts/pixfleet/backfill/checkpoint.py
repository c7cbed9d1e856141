"""The checkpoint: a file that knows how far a backfill is, and is right after kill -9.

SQLite, so that a page is noted wholly or not at all, and ten million keys stay on the disk. A page
is noted before it is sent and once more after it: what was only noted is sent again.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scripts.pixfleet.backfill.selection import Chosen, Ending, Page, Skipped, Wanted
from shared.model.errors import Misconfigured
from shared.model.source import Listed

SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tallies (name TEXT PRIMARY KEY, count REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE skipped (reason TEXT PRIMARY KEY, count INTEGER NOT NULL, example TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE pages (number INTEGER PRIMARY KEY, is_sent INTEGER NOT NULL, wanted TEXT NOT NULL);
CREATE TABLE files (name TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL) WITHOUT ROWID;
"""
SQLITE = b"SQLite format 3\0"
CURSOR, SELECTION, ALL_SENT = "cursor", "selection", "all_sent"
SEEN, SENT, CPU_SECONDS = "seen", "sent", "cpu_seconds"
ADD = (
    "INSERT INTO tallies VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + "
    "excluded.count"
)
SKIP = (
    "INSERT INTO skipped VALUES (?, ?, ?) ON CONFLICT (reason) DO UPDATE SET count = count + "
    "excluded.count"
)


@dataclass(frozen=True, slots=True)
class Noted:
    """Sources of one page that have no end yet."""

    number: int
    wanted: Sequence[Wanted]


class Journal:
    """One run's notes. Everything is on the disk when a method returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        with self._all_or_nothing():
            if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in SCHEMA.split(";"):
                    self._db.execute(statement)

    @classmethod
    def open(cls, path: Path, selection: str, *, restart: bool) -> Self:
        """Return the notes of this selection, new ones if there are none.

        `Misconfigured` if the file holds those of another run that has more to send. `restart`
        forgets whatever was there.
        """
        if restart:
            _refuse_strangers(path)
            path.unlink(missing_ok=True)
        try:
            journal = cls(path)
            found = journal.fact(SELECTION)
        except (sqlite3.Error, OSError) as refused:
            raise Misconfigured(
                f"The checkpoint {path} cannot be used",
                [f"{refused}: name another (--checkpoint)"],
            ) from refused
        if found and found != selection:
            if not journal.fact(ALL_SENT):
                raise _of_another(path, found)
            journal.remove()
            journal = cls(path)
        journal.note(SELECTION, selection)
        return journal

    def fact(self, name: str) -> str:
        """Return what was noted under a name; nothing if nothing was."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def note(self, name: str, value: object) -> None:
        """Note a fact about the run."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, str(value)))

    def tally(self, name: str) -> int:
        """Return how many were counted under a name."""
        return round(self.amount(name))

    def amount(self, name: str) -> float:
        """Return how much was counted under a name."""
        row = self._db.execute("SELECT count FROM tallies WHERE name = ?", (name,)).fetchone()
        return float(row[0]) if row else 0.0

    def skipped(self) -> Sequence[tuple[str, int, str]]:
        """Return why how many were not sent, and an example of each."""
        return list(self._db.execute("SELECT * FROM skipped ORDER BY reason"))

    def skip(self, reason: str, count: int, example: str) -> None:
        """Count what is not sent."""
        self._db.execute(SKIP, (reason, count, example))

    def plan(self, chosen: Chosen, page: Page) -> Noted:
        """Note what of a page is about to be sent, and that the next one begins behind it."""
        with self._all_or_nothing():
            self._add({SEEN: len(page.listed)})
            for reason, keys in chosen.skipped.items():
                self.skip(reason, len(keys), keys[0])
            self.note(CURSOR, page.cursor)
            if not chosen.wanted:
                return Noted(0, ())
            number = self._db.execute(
                "INSERT INTO pages (is_sent, wanted) VALUES (0, ?)", (_packed(chosen.wanted),)
            ).lastrowid
        return Noted(number or 0, chosen.wanted)

    def sent(self, page: Noted, unread: Sequence[str] = ()) -> None:
        """Note that a page was sent, but what is `unread`; what needs no work ends with that."""
        sent = [each for each in page.wanted if each.key not in unread]
        current = sum(each.is_current for each in sent)
        with self._all_or_nothing():
            if unread:
                self.skip(Skipped.UNREADABLE, len(unread), unread[0])
            self._add({SENT: len(sent), Ending.CURRENT: current})
            self._keep(page.number, [each for each in sent if not each.is_current])

    def planned(self) -> Sequence[Noted]:
        """Return what was noted and perhaps sent: at most a page."""
        rows = self._db.execute("SELECT number, wanted FROM pages WHERE is_sent = 0")
        return [Noted(number, _unpacked(text)) for number, text in rows]

    def open_pages(self, first: int, before: int | None = None) -> Iterator[Noted]:
        """Yield pages that were sent and have no end yet, by number, reading as they are asked."""
        most = before if before is not None else 1 << 62
        while row := self._db.execute(
            "SELECT number, wanted FROM pages WHERE is_sent = 1 AND number >= ? AND number < ? "
            "ORDER BY number LIMIT 1",
            (first, most),
        ).fetchone():
            yield Noted(row[0], _unpacked(row[1]))
            first = row[0] + 1

    def settle(self, page: Noted, ended: Mapping[str, str], amounts: Mapping[str, float]) -> None:
        """Note how some sources of a page ended, by key, and what that adds up to."""
        with self._all_or_nothing():
            self._add({**Counter(ended.values()), **amounts})
            self._keep(page.number, [each for each in page.wanted if each.key not in ended])

    def add_files(self, files: Iterable[tuple[str, int]]) -> None:
        """Note the files of a folder; again is harmless."""
        with self._all_or_nothing():
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", files)

    def forget_files(self) -> None:
        """Begin the list of files anew, and with it what was left out of it."""
        with self._all_or_nothing():
            self._db.execute("DELETE FROM files")
            self._db.execute("DELETE FROM skipped")

    def files(self) -> tuple[int, int]:
        """Return how many files were noted, and their bytes."""
        row = self._db.execute("SELECT count(*), total(size_bytes) FROM files").fetchone()
        return int(row[0]), int(row[1])

    def files_after(self, name: str, most: int) -> Sequence[Listed]:
        """Return the next files by name."""
        rows = self._db.execute(
            "SELECT name, size_bytes FROM files WHERE name > ? ORDER BY name LIMIT ?", (name, most)
        )
        return [Listed(name, size_bytes=size) for name, size in rows]

    def close(self) -> None:
        """Keep the notes for the next time."""
        self._db.close()

    def remove(self) -> None:
        """Forget the run: it has come to its end."""
        self._db.close()
        self.path.unlink(missing_ok=True)

    def _add(self, amounts: Mapping[str, float]) -> None:
        self._db.executemany(ADD, [(name, count) for name, count in amounts.items() if count])

    def _keep(self, number: int, wanted: Sequence[Wanted]) -> None:
        if wanted:
            self._db.execute(
                "UPDATE pages SET is_sent = 1, wanted = ? WHERE number = ?",
                (_packed(wanted), number),
            )
        else:
            self._db.execute("DELETE FROM pages WHERE number = ?", (number,))

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _refuse_strangers(path: Path) -> None:
    """Raise `Misconfigured` if a file is there that no journal has written."""
    if path.exists() and not path.read_bytes().startswith(SQLITE):
        raise Misconfigured(
            f"{path} is no checkpoint", ["expected one to forget: name another (--checkpoint)"]
        )


def _packed(wanted: Sequence[Wanted]) -> str:
    return json.dumps([(each.key, each.before, each.is_current) for each in wanted])


def _unpacked(text: str) -> Sequence[Wanted]:
    return [Wanted(*each) for each in json.loads(text)]


def _of_another(path: Path, found: str) -> Misconfigured:
    return Misconfigured(
        f"The checkpoint {path} is of another backfill",
        [
            (
                f"expected this one's, got that of `{found}`, which is not finished: type that to "
                "go on with it, --restart to forget it, or --checkpoint to keep both"
            )
        ],
    )
