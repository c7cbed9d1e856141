"""Waits until every image of the demo is finished, and shows progress."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scripts.demo.demo_stack import PUBLISHED, FinishedKey
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.terminal.times import duration
from shared.model.errors import PixfleetError

STALL_SECONDS = 120.0
POLL_SECONDS = 0.25
PLAIN_LINE_SECONDS = 2.0


class DemoFailed(PixfleetError):
    """A run that did not finish; the message ends with the worker's last log lines."""


class StackReader(Protocol):
    """The state of a stack."""

    def finished_keys(self, keys: Iterable[str]) -> Mapping[str, FinishedKey]:
        """Return those of the keys that are published or rejected."""

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Return every dead letter."""

    def queue_lengths(self) -> Mapping[str, int]:
        """Return the number of messages on each queue."""


class WorkerProcess(Protocol):
    """The worker that renders the images."""

    def has_ended(self) -> bool:
        """Return whether the process has ended."""

    def last_log_lines(self) -> str:
        """Return the last lines of its log."""


class Meter(Protocol):
    """Shows progress."""

    def show(self, done: int, total: int, seconds: float) -> None:
        """Show how many images are done, `seconds` after the first upload began."""


@dataclass(slots=True)
class Outcomes:
    """What became of each key so far."""

    published: dict[str, FinishedKey] = field(default_factory=dict)
    dead: Sequence[DeadLetter] = ()
    queues: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def finished(self) -> set[str]:
        """Return the keys that are published or dead-lettered."""
        return {*self.published, *(each.key for each in self.dead)}


@dataclass(frozen=True, slots=True)
class OutcomeWatch:
    """Waits until every key is finished and the live queue is empty."""

    stack: StackReader
    worker: WorkerProcess
    meter: Meter
    require_uploads: Callable[[], None]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait(self, keys: frozenset[str]) -> Outcomes:
        """Return every key's outcome.

        `DemoFailed` if the worker ends, or if nothing changes for `STALL_SECONDS`. An error that
        `require_uploads` raises is not caught.
        """
        began_at = changed_at = self.now()
        outcomes = Outcomes()
        before = None
        while True:
            self.require_uploads()
            self._update(outcomes, keys)
            done = len(outcomes.finished() & keys)
            if done == len(keys) and not outcomes.seconds:
                outcomes.seconds = self.now() - began_at
            self.meter.show(done, len(keys), self.now() - began_at)
            if done == len(keys) and not outcomes.queues["live"]:
                return outcomes
            state = (done, tuple(outcomes.queues.values()))
            changed_at = self.now() if state != before else changed_at
            before = state
            self._require_progress(outcomes, keys, self.now() - changed_at)
            self.sleep(POLL_SECONDS)

    def _update(self, outcomes: Outcomes, keys: frozenset[str]) -> None:
        for key, found in self.stack.finished_keys(sorted(keys - outcomes.finished())).items():
            if found.status == PUBLISHED:
                outcomes.published[key] = found
        outcomes.queues = self.stack.queue_lengths()
        if outcomes.queues["dead_letter"] > len(outcomes.dead):
            outcomes.dead = self.stack.dead_letters()

    def _require_progress(
        self, outcomes: Outcomes, keys: frozenset[str], unchanged_seconds: float
    ) -> None:
        left = len(keys - outcomes.finished())
        state = (
            f"{left} of {len(keys)} images are not finished" if left else "the queue is not empty"
        )
        if self.worker.has_ended():
            raise DemoFailed(f"The worker has ended, and {state}.\n{self.worker.last_log_lines()}")
        if unchanged_seconds > STALL_SECONDS:
            raise DemoFailed(
                f"Nothing has changed for {STALL_SECONDS:g} s, and {state}.\n"
                f"{self.worker.last_log_lines()}"
            )


@dataclass(slots=True)
class PlainMeter:
    """Prints the first and the last state, and between them a line every two seconds at most."""

    write: Callable[[str], None] = print
    _shown: tuple[int, float] = (-1, 0.0)

    def show(self, done: int, total: int, seconds: float) -> None:
        """Print a line if the number of finished images has changed."""
        before, at = self._shown
        if done == before or (before >= 0 and done < total and seconds - at < PLAIN_LINE_SECONDS):
            return
        self._shown = (done, seconds)
        self.write(f"  {done} of {total} images  {pace(done, total, seconds)}".rstrip())


@dataclass(frozen=True, slots=True)
class BarMeter:
    """A progress bar for a terminal."""

    progress: Progress

    def show(self, done: int, total: int, seconds: float) -> None:
        """Update the bar."""
        if not self.progress.tasks:
            self.progress.add_task("images", total=total, pace="")
        task = self.progress.tasks[0]
        self.progress.update(task.id, completed=done, pace=pace(done, total, seconds))


@contextmanager
def meter(console: Console, *, is_terminal: bool) -> Iterator[Meter]:
    """Yield a progress bar if the terminal can show one, else a meter that prints lines."""
    if not is_terminal or console.is_dumb_terminal:
        yield PlainMeter()
        return
    columns = (
        TextColumn("  "),
        BarColumn(bar_width=36),
        MofNCompleteColumn(),
        TextColumn("images"),
        TextColumn("[dim]{task.fields[pace]}"),
    )
    with Progress(*columns, console=console) as progress:
        yield BarMeter(progress)


def pace(done: int, total: int, seconds: float) -> str:
    """Return images per second and the estimated time left as text; empty at the start."""
    if not done or not seconds:
        return ""
    per_second = done / seconds
    if done == total:
        return f"{per_second:.2f} images/s"
    return f"{per_second:.2f} images/s, {duration((total - done) / per_second)} left"
