"""Reads an answer part by part: what one service refuses does not hide what the others say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.stack.access import why_refused
from scripts.pixfleet.terminal.exits import BAD_INPUT
from shared.model.errors import Failure

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class MissingPart:
    """A part that could not be read: why, and what cannot be known without it, in sentences."""

    name: str
    why: str
    means: str

    @property
    def sentence(self) -> str:
        """Return all of it in a line."""
        return f"Not read: {self.name}. {self.why} {self.means}"


@dataclass
class Parts:
    """Reads the parts of one answer and keeps those that are missing."""

    missing: list[MissingPart] = field(default_factory=list)
    _was_read: bool = False
    _first: Exception | None = None

    def read(self, name: str, call: Callable[[], Value], default: Value, *, means: str) -> Value:
        """Return what the call returns, or the default if AWS refuses it or does not answer.

        An error of credentials or settings is raised: it is the same for every part.
        """
        try:
            value = call()
        except (ClientError, BotoCoreError, Failure) as error:
            why, code = why_refused(error)
            if code == BAD_INPUT:
                raise
            self._first = self._first or error
            self.missing.append(MissingPart(name, why, means))
            return default
        self._was_read = True
        return value

    def require_any(self) -> None:
        """Raise the first error if no part at all was read: there is nothing to show."""
        if self._first and not self._was_read:
            raise self._first
