"""Waits for the fleet, showing how far it is; never longer than something moves."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scripts.demo.fleet import PUBLISHED, LedgerLine
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.terminal.times import duration
from shared.model.errors import PixfleetError

STALL_SECONDS = 120.0
POLL_SECONDS = 0.25
PLAIN_LINE_SECONDS = 2.0


class DemoFailed(PixfleetError):
    """The run did not come to its end; the message says what was seen last."""


class Seen(Protocol):
    """What is watched of the fleet."""

    def ledger(self, keys: Iterable[str]) -> Mapping[str, LedgerLine]:
        """Return the ledger's word on each finished key."""

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Return every dead letter."""

    def queue_lengths(self) -> Mapping[str, int]:
        """Return the messages on each queue."""


class Watched(Protocol):
    """What is watched of the worker."""

    def has_ended(self) -> bool:
        """Say whether it is gone."""

    def last_words(self) -> str:
        """Return the end of its log."""


class Meter(Protocol):
    """Shows how far the fleet is."""

    def show(self, done: int, total: int, seconds: float) -> None:
        """Show a state, `seconds` after the first upload began."""


@dataclass(slots=True)
class Ends:
    """What became of each key, as far as is known."""

    published: dict[str, LedgerLine] = field(default_factory=dict)
    dead: Sequence[DeadLetter] = ()
    queues: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def finished(self) -> set[str]:
        """Return the keys that need not be waited for."""
        return {*self.published, *(each.key for each in self.dead)}


@dataclass(frozen=True, slots=True)
class Watch:
    """Waits until every key has an end and the live queue is empty."""

    fleet: Seen
    worker: Watched
    meter: Meter
    require_uploads: Callable[[], None]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait(self, keys: frozenset[str]) -> Ends:
        """Return every key's end; `DemoFailed` if the worker ends or nothing moves for long.

        `require_uploads` is asked along the way; what it raises ends the wait.
        """
        began_at = moved_at = self.now()
        ends = Ends()
        before = None
        while True:
            self.require_uploads()
            self._look(ends, keys)
            done = len(ends.finished() & keys)
            if done == len(keys) and not ends.seconds:
                ends.seconds = self.now() - began_at
            self.meter.show(done, len(keys), self.now() - began_at)
            if done == len(keys) and not ends.queues["live"]:
                return ends
            state = (done, tuple(ends.queues.values()))
            moved_at = self.now() if state != before else moved_at
            before = state
            self._require_life(ends, keys, self.now() - moved_at)
            self.sleep(POLL_SECONDS)

    def _look(self, ends: Ends, keys: frozenset[str]) -> None:
        for key, line in self.fleet.ledger(sorted(keys - ends.finished())).items():
            if line.status == PUBLISHED:
                ends.published[key] = line
        ends.queues = self.fleet.queue_lengths()
        if ends.queues["dead_letter"] > len(ends.dead):
            ends.dead = self.fleet.dead_letters()

    def _require_life(self, ends: Ends, keys: frozenset[str], still_seconds: float) -> None:
        left = len(keys - ends.finished())
        where = (
            f"{left} of {len(keys)} images have no end yet" if left else "the queue is not empty"
        )
        if self.worker.has_ended():
            raise DemoFailed(f"The worker has ended, and {where}.\n{self.worker.last_words()}")
        if still_seconds > STALL_SECONDS:
            raise DemoFailed(
                f"Nothing has moved for {STALL_SECONDS:g} s, and {where}.\n"
                f"{self.worker.last_words()}"
            )


@dataclass(slots=True)
class PlainMeter:
    """Lines for a log: one when it begins, one when it ends, and at most one in two seconds."""

    write: Callable[[str], None] = print
    _shown: tuple[int, float] = (-1, 0.0)

    def show(self, done: int, total: int, seconds: float) -> None:
        """Write a line if something moved."""
        before, at = self._shown
        if done == before or (before >= 0 and done < total and seconds - at < PLAIN_LINE_SECONDS):
            return
        self._shown = (done, seconds)
        self.write(f"  {done} of {total} images  {pace(done, total, seconds)}".rstrip())


@dataclass(frozen=True, slots=True)
class BarMeter:
    """A bar for a terminal."""

    progress: Progress

    def show(self, done: int, total: int, seconds: float) -> None:
        """Move the bar."""
        if not self.progress.tasks:
            self.progress.add_task("images", total=total, pace="")
        task = self.progress.tasks[0]
        self.progress.update(task.id, completed=done, pace=pace(done, total, seconds))


@contextmanager
def meter(console: Console, *, is_terminal: bool) -> Iterator[Meter]:
    """Give a bar where there is a terminal to draw it on, plain lines elsewhere."""
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
    """Return images per second and the time left at that pace."""
    if not done or not seconds:
        return ""
    speed = done / seconds
    if done == total:
        return f"{speed:.2f} images/s"
    return f"{speed:.2f} images/s, {duration((total - done) / speed)} left"
