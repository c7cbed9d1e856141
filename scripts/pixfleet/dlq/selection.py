"""Which dead letters are meant: by cause, by the beginning of the key, by id, or all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from shlex import quote

from scripts.pixfleet.stack.dead_letters import NO_CAUSE, DeadLetter
from shared.model.errors import Cause, Misconfigured

# Enough of an id to mean one letter, and to be no slip of the hand.
LEAST_ID_CHARS = 6


@dataclass(frozen=True, slots=True)
class Selection:
    """What a letter must be to be meant; empty fields ask nothing. Ids may be their beginnings."""

    cause: str = ""
    prefix: str = ""
    ids: tuple[str, ...] = ()
    _meant: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __contains__(self, letter: DeadLetter) -> bool:
        """Say whether a letter is meant; `Misconfigured` if an id turns out to mean two."""
        if self.cause and letter.cause != self.cause:
            return False
        if self.prefix and not any(key.startswith(self.prefix) for key in letter.keys):
            return False
        return not self.ids or any(self._names(each, letter) for each in self.ids)

    @property
    def is_found(self) -> bool:
        """Say whether nothing more can be meant: each id was a whole one, and has been seen."""
        return bool(self.ids) and all(self._meant.get(each) == each for each in self.ids)

    @property
    def words(self) -> str:
        """Return in words which letters these are."""
        asked = [
            f"cause {self.cause}" if self.cause else "",
            f"keys beginning with {self.prefix}" if self.prefix else "",
            f"id {', '.join(self.ids)}" if self.ids else "",
        ]
        return ", ".join(filter(None, asked)) or "all"

    def options(self) -> str:
        """Return what to type after a command to mean the same letters."""
        asked = [
            f"--cause {self.cause}" if self.cause else "",
            f"--prefix {quote(self.prefix)}" if self.prefix else "",
            *(f"--id {each}" for each in self.ids),
        ]
        return " ".join(filter(None, asked)) or "--all"

    def _names(self, asked: str, letter: DeadLetter) -> bool:
        if not letter.id.startswith(asked):
            return False
        first = self._meant.setdefault(asked, letter.id)
        if first != letter.id:
            raise Misconfigured(
                f"{asked} is not one letter",
                [f"expected more of the id, got the beginning of {first} and {letter.id}"],
            )
        return True


def select(cause: str, prefix: str, ids: Sequence[str], *, everything: bool) -> Selection:
    """Return what was asked for; `Misconfigured` for nothing, or for a cause that is none."""
    problems = []
    if cause not in ("", NO_CAUSE, *Cause):
        known = ", ".join((NO_CAUSE, *Cause))
        problems.append(f"--cause: expected one of {known}, got {cause!r}")
    problems += [
        f"--id: expected at least {LEAST_ID_CHARS} characters of an id, got {each!r}"
        for each in ids
        if len(each) < LEAST_ID_CHARS
    ]
    if everything == bool(cause or prefix or ids):
        problems.append("expected --all, or else any of --cause, --prefix and --id")
    if problems:
        raise Misconfigured("No letters were chosen", problems)
    return Selection(cause, prefix, tuple(ids))
