"""The redrives that this console runs, and what was confirmed for each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from scripts.pixfleet.dlq.redrive import Tally
from scripts.pixfleet.terminal.text import counted

# Of the redrives that have ended; the records in the variants bucket have all.
MOST_KEPT = 50


@dataclass
class Run:
    """A redrive of a cause; `form` is the form that started it, `tally` grows until it ends.

    `problems` says why it ended early; it is empty otherwise.
    """

    id: str
    cause: str
    form: str
    confirmed: int
    tally: Tally
    is_running: bool = True
    problems: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """Return what was sent of what was confirmed, in words."""
        sent, refused = self.tally.sent, self.tally.refused
        confirmed = counted(self.confirmed, "confirmed dead letter")
        if self.is_running:
            # The records run ahead of what is sent: two numbers would contradict each other.
            return [f"The redrive of {confirmed} is running."]
        said = [f"{sent:,} of {confirmed} sent back."]
        if self.problems:
            said.append("It was interrupted. The others are still in the dead-letter queue.")
        elif missing := self.confirmed - sent - refused:
            said.append(f"Not found: {missing:,}. Another process received or deleted them.")
        if refused:
            said.append(f"Refused, and still in the queue: {refused:,}. {self.tally.why}")
        if self.tally.kept_twice:
            said.append(f"Sent, but still in the queue, too: {self.tally.kept_twice:,}.")
        return said


@dataclass
class Runs:
    """The redrives of this console, the oldest first."""

    _runs: dict[str, Run] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, redrive_id: str) -> Run | None:
        """Return a redrive; None if this console did not start it."""
        return self._runs.get(redrive_id)

    @property
    def running(self) -> list[str]:
        """Return the ids of the redrives that have not ended."""
        return [each.id for each in list(self._runs.values()) if each.is_running]

    def started_or(self, cause: str, form: str, start: Callable[[], Run]) -> Run:
        """Return the redrive that a form has started, or that runs for its cause, or start one.

        A second click must not start another one.
        """
        with self._lock:
            for each in self._runs.values():
                if each.form == form or (each.cause == cause and each.is_running):
                    return each
            run = start()
            self._runs[run.id] = run
            ended = [each.id for each in self._runs.values() if not each.is_running]
            for redrive_id in ended[: max(0, len(self._runs) - MOST_KEPT)]:
                del self._runs[redrive_id]
            return run
