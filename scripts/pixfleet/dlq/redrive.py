"""Sends dead letters back to their lanes, each with the redrive's id.

SQS's own redrive cannot choose among letters. Order: on record, then sent, then deleted. Whoever
dies in between leaves a letter that is there twice, which does no harm: events are hints.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from scripts.pixfleet.dlq.records import Records
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.stack.dead_letter_scan import Scan
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.document import LIVE, Stack
from shared.clock import Clock
from shared.cloud.queues import Queues
from shared.model.errors import Failure, Unknown

# So many letters are one part of the record, and their bodies in memory, 1 MiB each at most.
PART_LETTERS = 100
PART_CHARS = 4 * 1024 * 1024
SENDERS = 10


@dataclass(slots=True)
class Tally:
    """What a redrive has done so far; `refused` are letters that stay, and why the last did."""

    sent: int = 0
    kept_twice: int = 0
    refused: int = 0
    why: str = ""


@dataclass
class Redriver:
    """One redrive; `rate` is letters a second, none for as fast as it goes."""

    id: str
    stack: Stack
    queues: Queues
    records: Records
    clock: Clock
    rate: float | None = None
    pause: Callable[[float], None] = time.sleep
    tally: Tally = field(default_factory=Tally)
    _parts: int = 0
    _next_at: float = 0.0

    def run(self, sweep: Scan, selection: Selection, advance: Callable[[int], None]) -> Tally:
        """Send what is meant and delete it from the sweep's queue; tell `advance` of each part.

        What died again after this very redrive is left alone: it would go round for ever.
        """
        part: list[DeadLetter] = []
        with ThreadPoolExecutor(SENDERS) as threads:
            for letter in self._meant(sweep, selection):
                part.append(letter)
                chars = sum(len(each.message.body) for each in part)
                if len(part) >= self._part_letters or chars >= PART_CHARS:
                    self._send_part(part, sweep, threads)
                    advance(len(part))
                    part = []
            if part:
                self._send_part(part, sweep, threads)
                advance(len(part))
        return self.tally

    @property
    def _part_letters(self) -> int:
        """Return how many letters are sent in about a second: Ctrl-C need not wait for more."""
        return min(PART_LETTERS, max(1, round(self.rate or PART_LETTERS)))

    def _meant(self, sweep: Scan, selection: Selection) -> Iterable[DeadLetter]:
        for letter in sweep:
            if letter in selection and letter.redrive_id != self.id:
                yield letter
                if selection.is_found:
                    return

    def _send_part(self, letters: Sequence[DeadLetter], sweep: Scan, threads: Executor) -> None:
        self._parts += 1
        self.records.add(self.id, self._parts, letters)
        sending = [self._submit(letter, sweep, threads) for letter in letters]
        failures = [each.result() for each in sending]
        gone = [letter for letter, failure in zip(letters, failures, strict=True) if not failure]
        self.tally.sent += len(gone)
        for failure in filter(None, failures):
            self.tally.refused += 1
            self.tally.why = str(failure)
        self.tally.kept_twice += sweep.delete(gone)

    def _submit(
        self, letter: DeadLetter, sweep: Scan, threads: Executor
    ) -> "Future[Failure | None]":
        """Have a letter sent when it is its turn."""
        if self.rate:
            now = self.clock.now()
            self._next_at = max(self._next_at, now) + 1 / self.rate
            self.pause(max(0.0, self._next_at - 1 / self.rate - now))
            sweep.renew()
        return threads.submit(self._send, letter)

    def _send(self, letter: DeadLetter) -> Failure | None:
        attributes = replace(letter.attributes, redrive_id=self.id)
        lane, body = lane_for(letter, self.stack), letter.message.body
        try:
            try:
                self.queues.send(lane, body, attributes.encode())
            except Unknown:
                # With one attribute more the message may be longer than SQS allows.
                self.queues.send(lane, body, attributes.encode_minimal())
        except Failure as failure:
            return failure
        return None


def lane_for(letter: DeadLetter, stack: Stack) -> str:
    """Return the queue that a letter came from, or else the one that its key belongs to."""
    known = {lane.queue for lane in stack.lanes.values()}
    came_from = letter.attributes.source_queue
    if came_from in known:
        return came_from
    name = stack.lane_of(letter.key)
    return stack.lanes[name if name in stack.lanes else LIVE].queue
