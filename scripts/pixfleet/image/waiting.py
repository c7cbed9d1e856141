"""Waits until a worker is done with one key."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.clock import Clock
from shared.cloud.ledger_reader import Read
from shared.cloud.objects import Objects
from shared.model.entry import Entry
from shared.model.errors import AccessDenied, Outside, UnknownSchema
from shared.model.state import CurrentRecipes, StateKind, assess


class WaitOutcome(StrEnum):
    """What became of a key; `waiting` means that the time was over."""

    PUBLISHED = "published"
    REJECTED = "rejected"
    IGNORED = "ignored"
    REMOVED = "removed"
    UNREADABLE = "unreadable"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class WaitResult:
    """The outcome of one key, the ledger's reason for it, and how long it was waited for.

    `trouble` is the last answer of AWS that was no answer, or empty.
    """

    key: str
    outcome: WaitOutcome
    seconds: float = 0.0
    variants: int = 0
    version: str = ""
    cause: str = ""
    detail: str = ""
    trouble: str = ""


_OUTCOMES = {
    StateKind.CURRENT: WaitOutcome.PUBLISHED,
    StateKind.REJECTED: WaitOutcome.REJECTED,
    StateKind.IGNORED: WaitOutcome.IGNORED,
    StateKind.ABSENT: WaitOutcome.REMOVED,
}


@dataclass(frozen=True, slots=True)
class Waiter:
    """Reads a source and its ledger entry again and again, by the same rules as a worker.

    Two strongly consistent reads each time, so that an upload a moment ago is seen.
    """

    objects: Objects
    entry: Callable[[str], Read]
    recipes: CurrentRecipes
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def wait(self, key: str, *, seconds: float, every: float) -> WaitResult:
        """Return the outcome of a key as soon as there is one, or `waiting` after `seconds`.

        A service that throttles or does not answer is asked again; `AccessDenied` is raised.
        """
        began, trouble = self.clock.now(), ""
        while True:
            try:
                outcome, entry = self._read(key)
                trouble = ""
            except AccessDenied:
                raise
            except Outside as failure:
                outcome, entry, trouble = WaitOutcome.WAITING, None, str(failure)
            waited = self.clock.now() - began
            if outcome is not WaitOutcome.WAITING or waited + every > seconds:
                return _result(key, outcome, entry, waited, trouble)
            self.sleep(every)

    def _read(self, key: str) -> tuple[WaitOutcome, Entry | None]:
        # The entry last: what it says is then at least as new as the source.
        source, entry = self.objects.head(key), self.entry(key)
        if isinstance(entry, UnknownSchema):
            return WaitOutcome.UNREADABLE, None
        state = assess(key, entry, source, self.recipes)
        return _OUTCOMES.get(state.kind, WaitOutcome.WAITING), entry


def _result(
    key: str, outcome: WaitOutcome, entry: Entry | None, waited: float, trouble: str
) -> WaitResult:
    if entry is None or outcome not in {WaitOutcome.PUBLISHED, WaitOutcome.REJECTED}:
        return WaitResult(key, outcome, waited, trouble=trouble)
    return WaitResult(
        key, outcome, waited, len(entry.stored), entry.version, entry.cause, entry.detail
    )
