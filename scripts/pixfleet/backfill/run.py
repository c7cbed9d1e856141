"""One backfill from its first page to its last outcome; it can be continued at any point."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from scripts.pixfleet.backfill.checkpoint import (
    ALL_SENT,
    CPU_SECONDS,
    CURSOR,
    SENT,
    TO_ITS_END,
    Checkpoint,
    OpenPage,
)
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.outcomes import Outcomes
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.queues import Depths
from scripts.pixfleet.backfill.selection import Chosen, Feeder, SourceOutcome
from scripts.pixfleet.pricing.averages import Averages, total_dollars
from scripts.pixfleet.rate_limit import RateLimit, RateLimiter
from shared.clock import Clock
from shared.cloud.ledger_reader import BATCH_KEYS

Advance = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Totals:
    """The outcomes of all that was sent: `sent` is the sum of the others except `dollars`."""

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
    """Sends pages, records the outcomes, and stops at its limits."""

    feeder: Feeder
    checkpoint: Checkpoint
    outcomes: Outcomes
    depths: Depths
    limits: Limits
    policy: BackfillPolicy
    averages: Averages
    architecture: str
    note: Callable[[str], None]
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def totals(self) -> Totals:
        """Return the outcomes so far, in numbers that add up."""
        outcomes = {each.value: self.checkpoint.tally(each) for each in SourceOutcome}
        sent, made = self.checkpoint.tally(SENT), outcomes["made"]
        waiting = sent - sum(outcomes.values())
        spent = total_dollars(
            made,
            self.checkpoint.amount(CPU_SECONDS),
            self.averages.objects,
            self.architecture,
        )
        to_come = waiting * self.averages.dollars(self.architecture)
        return Totals(sent=sent, waiting=waiting, dollars=spent + to_come, **outcomes)

    def send(self, advance: Advance) -> str:
        """Send the rest; return why it stopped before the end, or an empty string.

        The page that the last process was sending when it was killed is sent first, perhaps a
        second time.
        """
        for unsure in self.checkpoint.planned():
            self._send(unsure, is_again=True)
        if self.checkpoint.fact(ALL_SENT):
            return ""
        gate = _Gate(self)
        for page in self.feeder.pages(self.checkpoint.fact(CURSOR), gate.page_size):
            if reason := gate.reason_to_stop():
                break
            chosen = gate.within(self.feeder.choose(page))
            gate.wait(len(chosen.wanted))
            planned = self.checkpoint.plan(chosen, page)
            if planned.wanted:
                self._send(planned, is_again=False)
            advance(len(page.listed))
        else:
            reason = ""
        if not gate.has_failed:
            self.checkpoint.note(ALL_SENT, reason or TO_ITS_END)
        return reason

    def wait(self, advance: Advance) -> None:
        """Return when every source has an outcome, or after the lanes were empty long enough."""
        changed_at = self.clock.now()
        quiet_since: float | None = None
        while self.totals().waiting:
            new, now = self.outcomes.update(), self.clock.now()
            advance(new)
            if not self.totals().waiting:
                return
            if new or self.depths.in_lanes():
                quiet_since = None
            elif quiet_since is None:
                quiet_since = now
            elif now - quiet_since >= self.policy.quiet_seconds:
                advance(self.outcomes.update_all() + self.outcomes.conclude())
                return
            if new:
                changed_at = now
            elif now - changed_at > self.policy.warn_seconds:
                self._warn()
                changed_at = now
            self.sleep(self.policy.look_seconds)

    def _warn(self) -> None:
        self.note(
            f"No source was finished for {self.policy.warn_seconds / 60:g} min: is a worker "
            "running on these lanes? `pixfleet status` shows it. After Ctrl-C the same command "
            "continues."
        )

    def _send(self, page: OpenPage, *, is_again: bool) -> None:
        send = self.feeder.send_again if is_again else self.feeder.send
        self.checkpoint.sent(page, send(page.wanted))


class _Gate:
    """Decides for each page how much may be sent, and when."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._limits = run.limits
        self._rate_limit = RateLimit(run.limits.rate)
        self._rate_limiter = RateLimiter(self._rate_limit, run.clock, run.sleep)
        self._updated_at: float | None = None
        self._rejected_before = run.totals().rejected
        self._dead_letters_before = run.depths.dead_letters()
        self.has_failed = False

    @property
    def page_size(self) -> int:
        """Return how many are sent at once: one lookup in the ledger, or a second's worth."""
        return self._rate_limit.batch_size(BATCH_KEYS)

    def reason_to_stop(self) -> str:
        """Return the limit that stops the run, or an empty string."""
        self._update()
        if reason := self._failures():
            self.has_failed = True
            return reason
        if self._remaining() <= 0:
            most = self._limits.max_images
            is_count = most is not None and self._run.totals().sent >= most
            return (
                f"--max-images {most}"
                if is_count
                else f"--max-dollars {self._limits.max_dollars:g}"
            )
        return ""

    def within(self, chosen: Chosen) -> Chosen:
        """Return as much of a page as the limits allow."""
        return replace(chosen, wanted=chosen.wanted[: self._remaining()])

    def wait(self, images: int) -> None:
        """Wait until the rate allows this many images to be sent."""
        self._rate_limiter.wait(images)

    def _remaining(self) -> int:
        totals, remaining = self._run.totals(), 1 << 62
        if self._limits.max_images is not None:
            remaining = self._limits.max_images - totals.sent
        if self._limits.max_dollars is not None:
            each = self._run.averages.dollars(self._run.architecture)
            remaining = min(remaining, int((self._limits.max_dollars - totals.dollars) / each))
        return remaining

    def _update(self) -> None:
        """Record new outcomes if a limit depends on them; wait while too many are waiting."""
        has_failure_limit = self._limits.stop_after_failures is not None
        if not has_failure_limit and self._limits.max_dollars is None:
            return
        policy, clock = self._run.policy, self._run.clock
        while True:
            at = self._updated_at
            if at is None or clock.now() - at >= policy.look_seconds:
                self._run.outcomes.update()
                self._updated_at = clock.now()
            is_far_ahead = self._run.totals().waiting >= policy.max_waiting
            if not has_failure_limit or not is_far_ahead or self._failures():
                return
            self._run.sleep(policy.look_seconds / 4)

    def _failures(self) -> str:
        most = self._limits.stop_after_failures
        if most is None:
            return ""
        rejected = self._run.totals().rejected - self._rejected_before
        # Dead letters of other sources count too: it is better to stop once too often.
        dead_letters = self._run.depths.dead_letters() - self._dead_letters_before
        if max(rejected, dead_letters) < most:
            return ""
        counts = f"{rejected} rejected, {dead_letters} more dead letters"
        return f"--stop-after-failures {most}: {counts}"
