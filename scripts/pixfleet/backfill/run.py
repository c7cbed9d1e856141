"""One backfill from its first page to its closing table; whenever it ends, it can go on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from scripts.pixfleet.backfill.checkpoint import (
    ALL_SENT,
    CPU_SECONDS,
    CURSOR,
    SENT,
    Journal,
    Noted,
)
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.outcomes import Endings
from scripts.pixfleet.backfill.queues import Depths
from scripts.pixfleet.backfill.selection import Chosen, Ending, Feeder
from scripts.pixfleet.pricing.averages import Averages, total_dollars
from shared.cloud.ledger_reader import BATCH_KEYS

LOOK_SECONDS = 2.0
# SQS's counts are approximate and may be a minute late:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
QUIET_SECONDS = 60.0
STILL_SECONDS = 300.0
# With a bound on failures, no more than this is on its way unseen.
AHEAD = 1000

Advance = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of all that was sent: `sent` is the sum of the others but `dollars`."""

    sent: int
    made: int
    current: int
    rejected: int
    removed: int
    failed: int
    waiting: int
    dollars: float


@dataclass(frozen=True, slots=True)
class Run:
    """Sends pages, follows what becomes of them, and stops where it was told to."""

    feeder: Feeder
    journal: Journal
    endings: Endings
    depths: Depths
    limits: Limits
    averages: Averages
    architecture: str
    note: Callable[[str], None]

    def totals(self) -> Totals:
        """Return what is known now, in numbers that add up."""
        ended = {each.value: self.journal.tally(each) for each in Ending}
        sent, made = self.journal.tally(SENT), ended["made"]
        waiting = sent - sum(ended.values())
        spent = total_dollars(
            made,
            self.journal.amount(CPU_SECONDS),
            self.averages.objects,
            self.architecture,
        )
        to_come = waiting * self.averages.dollars(self.architecture)
        return Totals(sent=sent, waiting=waiting, dollars=spent + to_come, **ended)

    def send(self, advance: Advance) -> str:
        """Send all that is left; return why that stopped before the end, nothing if it did not.

        What was on its way when the last process died goes first: it may be sent twice.
        """
        for unsure in self.journal.planned():
            self._send(unsure, is_again=True)
        if self.journal.fact(ALL_SENT):
            return ""
        gate = _Gate(self)
        for page in self.feeder.pages(self.journal.fact(CURSOR), gate.page_size):
            if reason := gate.reason_to_stop():
                break
            chosen = gate.within(self.feeder.choose(page))
            noted = self.journal.plan(chosen, page)
            if noted.wanted:
                self._send(noted, is_again=False)
            gate.passed(len(noted.wanted))
            advance(len(page.listed))
        else:
            reason = ""
        if not gate.has_failed:
            self.journal.note(ALL_SENT, reason or "to its end")
        return reason

    def wait(self, advance: Advance) -> None:
        """Return when each source has its end: one in the ledger, or nothing under way for it."""
        moved_at, quiet_at = time.monotonic(), 0.0
        while self.totals().waiting:
            ended, now = self.endings.look(), time.monotonic()
            advance(ended)
            if not self.totals().waiting:
                return
            if ended or self.depths.on_the_way():
                quiet_at = 0.0
            elif not quiet_at:
                quiet_at = now
            elif now - quiet_at >= QUIET_SECONDS:
                advance(self.endings.look_everywhere() + self.endings.conclude())
                return
            if ended:
                moved_at = now
            elif now - moved_at > STILL_SECONDS:
                self.note(
                    f"Nothing has ended for {STILL_SECONDS / 60:g} min: does anything work on "
                    "these lanes? `pixfleet status` says. After Ctrl-C the same command goes on."
                )
                moved_at = now
            time.sleep(LOOK_SECONDS)

    def _send(self, page: Noted, *, is_again: bool) -> None:
        send = self.feeder.send_again if is_again else self.feeder.send
        self.journal.sent(page, send(page.wanted))


class _Gate:
    """Lets through what the limits allow, when the rate allows it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._limits = run.limits
        self._began_at = time.monotonic()
        self._looked_at = 0.0
        self._passed = 0
        self._rejected_before = run.totals().rejected
        self._letters_before = run.depths.dead_letters()
        self.has_failed = False

    @property
    def page_size(self) -> int:
        """Return how many are sent at once: a page of the ledger's, or what a second may have."""
        rate = self._limits.rate
        return BATCH_KEYS if rate is None else max(1, min(BATCH_KEYS, int(rate)))

    def reason_to_stop(self) -> str:
        """Return why no more may be sent, when as much is known as has to be."""
        self._look()
        if reason := self._failures():
            self.has_failed = True
            return reason
        if self._room() <= 0:
            most = self._limits.max_images
            is_count = most is not None and self._run.totals().sent >= most
            return (
                f"--max-images {most}"
                if is_count
                else f"--max-dollars {self._limits.max_dollars:g}"
            )
        return ""

    def within(self, chosen: Chosen) -> Chosen:
        """Return as much as there is room for."""
        return replace(chosen, wanted=chosen.wanted[: self._room()])

    def passed(self, images: int) -> None:
        """Wait as long as the rate asks after so many."""
        self._passed += images
        if self._limits.rate:
            due = self._began_at + self._passed / self._limits.rate
            time.sleep(max(0.0, due - time.monotonic()))

    def _room(self) -> int:
        totals, room = self._run.totals(), 1 << 62
        if self._limits.max_images is not None:
            room = self._limits.max_images - totals.sent
        if self._limits.max_dollars is not None:
            each = self._run.averages.dollars(self._run.architecture)
            room = min(room, int((self._limits.max_dollars - totals.dollars) / each))
        return room

    def _look(self) -> None:
        """Find out what has ended, if a limit hangs on it; wait if too much is unseen."""
        if self._limits.stop_after_failures is None and self._limits.max_dollars is None:
            return
        while True:
            is_due = time.monotonic() - self._looked_at >= LOOK_SECONDS
            if is_due:
                self._run.endings.look()
                self._looked_at = time.monotonic()
            holds = self._limits.stop_after_failures is not None
            if not holds or self._run.totals().waiting < AHEAD or self._failures():
                return
            time.sleep(LOOK_SECONDS / 4)

    def _failures(self) -> str:
        most = self._limits.stop_after_failures
        if most is None:
            return ""
        rejected = self._run.totals().rejected - self._rejected_before
        # Others' letters count too: it is better to stop once too often.
        letters = self._run.depths.dead_letters() - self._letters_before
        if max(rejected, letters) < most:
            return ""
        return f"--stop-after-failures {most}: {rejected} rejected, {letters} more dead letters"
