"""Selects dead letters by cause, by prefix of the key, by message id, or all of them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Protocol

from scripts.pixfleet.stack.dead_letters import UNATTACHED, DeadLetter
from scripts.pixfleet.stack.drill_keys import is_of_drill
from scripts.pixfleet.terminal.suggestions import shell_word, suggest
from scripts.pixfleet.terminal.text import quoted
from shared.model.errors import Cause, Misconfigured

# Long enough to identify one message; a shorter text may be a typing mistake.
MIN_ID_CHARS = 6
DESCRIBED_IDS = 5


class Selected(Protocol):
    """Which dead letters an operation is for."""

    @property
    def description(self) -> str:
        """Return the conditions in words."""

    @property
    def is_complete(self) -> bool:
        """Return whether all of them were found: no other message can match."""

    def __contains__(self, dead_letter: DeadLetter) -> bool:
        """Return whether a dead letter is one of them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The conditions that a dead letter must meet; an empty condition is always met.

    An id may be the beginning of a message id. Those of a drill are selected only by an id or by a
    prefix in a drill's folder: a drill deletes its own. `since` is in seconds since the epoch; a
    dead letter without a time is not older.
    """

    cause: str = ""
    prefix: str = ""
    ids: tuple[str, ...] = ()
    since: float = 0.0
    _matched: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __contains__(self, dead_letter: DeadLetter) -> bool:
        """Return whether a dead letter is selected; `Misconfigured` if an id matches two."""
        if self.cause and dead_letter.cause != self.cause:
            return False
        if self.prefix and not any(key.startswith(self.prefix) for key in dead_letter.keys):
            return False
        if self.since and dead_letter.sent_at and dead_letter.sent_at.timestamp() < self.since:
            return False
        if is_of_drill(dead_letter.key) and not (self.ids or is_of_drill(self.prefix)):
            return False
        return not self.ids or any(self._matches(each, dead_letter) for each in self.ids)

    @property
    def is_complete(self) -> bool:
        """Return whether no other message can match: every id was given in full and was found."""
        return bool(self.ids) and all(self._matched.get(each) == each for each in self.ids)

    @property
    def description(self) -> str:
        """Return the conditions in words."""
        conditions = [
            f"cause {self.cause}" if self.cause else "",
            f"keys beginning with {quoted(self.prefix)}" if self.prefix else "",
            f"id {_list(self.ids)}" if self.ids else "",
        ]
        return ", ".join(filter(None, conditions)) or "all"

    def of_cause(self, cause: str) -> "Selection":
        """Return the selection of those dead letters of this one that have a cause."""
        return replace(self, cause=cause, _matched={})

    def command(self, command: str) -> str:
        """Return a command such as `dlq redrive` with options for the same dead letters."""
        given = {"cause": self.cause, "prefix": self.prefix}
        options = {name: value for name, value in given.items() if value}
        ids = "".join(f" --id {shell_word(each)}" for each in self.ids)
        everything = "" if options or ids else " --all"
        return suggest(f"{command}{everything}{ids}", **options)

    def _matches(self, beginning: str, dead_letter: DeadLetter) -> bool:
        if not dead_letter.id.startswith(beginning):
            return False
        first = self._matched.setdefault(beginning, dead_letter.id)
        if first != dead_letter.id:
            raise Misconfigured(
                f"{quoted(beginning)} names more than one message",
                [f"expected more of the id, got the beginning of {first} and {dead_letter.id}"],
            )
        return True


@dataclass(frozen=True, slots=True)
class Counted:
    """The dead letters that were counted, by message id; those that arrived later are left out.

    `description` is that of the selection that was counted.
    """

    ids: AbstractSet[str]
    description: str
    _found: set[str] = field(default_factory=set, compare=False, repr=False)

    def __contains__(self, dead_letter: DeadLetter) -> bool:
        """Return whether a dead letter was counted."""
        if dead_letter.id not in self.ids:
            return False
        self._found.add(dead_letter.id)
        return True

    @property
    def is_complete(self) -> bool:
        """Return whether all that were counted were found."""
        return len(self._found) == len(self.ids)


def _list(ids: Sequence[str]) -> str:
    """Return ids in words, only the first of many: redrives are listed by this."""
    if len(ids) <= DESCRIBED_IDS:
        return ", ".join(map(quoted, ids))
    shown = ", ".join(map(quoted, ids[:DESCRIBED_IDS]))
    return f"{shown} and {len(ids) - DESCRIBED_IDS:,} more"


def cause_problems(cause: str, *, others: Sequence[str] = UNATTACHED) -> list[str]:
    """Return what is wrong with the option `--cause`, which may be empty."""
    if cause in ("", *others, *Cause):
        return []
    return [f"--cause: expected one of {', '.join((*others, *Cause))}, got {cause!r}"]


def select(cause: str, prefix: str, ids: Sequence[str], *, everything: bool) -> Selection:
    """Return the selection that the options ask for; `Misconfigured` if they select nothing."""
    problems = cause_problems(cause)
    problems += [
        f"--id: expected at least {MIN_ID_CHARS} characters of an id, got {each!r}"
        for each in ids
        if len(each) < MIN_ID_CHARS
    ]
    if everything == bool(cause or prefix or ids):
        problems.append("expected --all, or else any of --cause, --prefix and --id")
    if problems:
        raise Misconfigured("No dead letters were selected", problems)
    return Selection(cause, prefix, tuple(ids))
