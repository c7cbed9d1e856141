"""Makes AWS calls: bounded in time, retried briefly, and never started too late."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from shared.clock import Clock
from shared.cloud.errors import translated
from shared.cloud.time_limit import time_limit
from shared.deadline import Deadline
from shared.model.errors import LedgerUnavailable, OutOfTime, StorageUnavailable, Throttled

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long the calls of one set of clients may take.

    `connect_seconds` bounds the time to resolve a name and to connect to one of its addresses,
    `read_seconds` each wait for the peer, `call_seconds` a call with all its attempts.
    """

    connect_seconds: float
    read_seconds: float
    attempts: int
    call_seconds: float

    @property
    def last_attempt_seconds(self) -> float:
        """Return after how long no attempt may start: the call's end could interrupt it."""
        return self.call_seconds - self.connect_seconds - self.read_seconds


@dataclass(slots=True)
class CallBudget:
    """The seconds that all calls of one piece of work may take together."""

    left_seconds: float

    def require(self, stage: str) -> None:
        """Raise `OutOfTime` if the calls before have taken all of it."""
        if self.left_seconds <= 0:
            raise OutOfTime("Expected time for one more call, got none.", stage=stage)

    def spend(self, seconds: float) -> None:
        """Take what a call has taken."""
        self.left_seconds -= seconds


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes the calls of one set of clients for work that must end by a deadline.

    With a budget, each call is also bounded by what the calls before it have left of it.
    """

    limits: CallLimits
    deadline: Deadline
    sleep: Callable[[float], None] = time.sleep
    budget: CallBudget | None = None

    def within(self, deadline: Deadline) -> "Calls":
        """Return calls of the same clients for work that must end by this deadline."""
        return replace(self, deadline=deadline)

    def within_budget(self, seconds: float) -> "Calls":
        """Return calls that together take no longer than this."""
        return replace(self, budget=CallBudget(seconds))

    def attempt(
        self, call: Callable[[], Answer], *, stage: str, until: Deadline | None = None
    ) -> Answer:
        """Return what an AWS call returns, retrying briefly; the queue retries at length.

        All attempts together end after `call_seconds`, or by `until` if that is earlier: a request
        of which the last byte was not sent by then is never sent. To renew credentials may take
        longer; no request is sent then. Raises `OutOfTime` if the call could end after the
        deadline. Every call passed here must be safe to repeat: a lost response looks like a lost
        request.
        """
        self.deadline.require(self.limits.call_seconds, stage)
        retrying: Callable[..., Answer] = Retrying(
            sleep=self.sleep,
            retry=retry_if_exception_type((Throttled, StorageUnavailable, LedgerUnavailable)),
            stop=stop_after_attempt(self.limits.attempts)
            | _StopBefore(self.limits.last_attempt_seconds, self.deadline.clock),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            reraise=True,
        )
        with (
            self._in_budget(stage) as limit,
            time_limit(min(limit, until or limit, key=lambda each: each.at)),
        ):
            return retrying(translated, call, stage=stage)

    def long_poll(self, call: Callable[[], Answer], *, wait_seconds: float, stage: str) -> Answer:
        """Return what a call returns that AWS answers after up to `wait_seconds`; never retry."""
        longest_seconds = wait_seconds + self.limits.connect_seconds + self.limits.read_seconds
        with time_limit(self._within(longest_seconds)):
            return translated(call, stage=stage)

    @contextmanager
    def _in_budget(self, stage: str) -> Iterator[Deadline]:
        """Give the limit of one call, and take the time of the block from the budget."""
        limit = self._within(self.limits.call_seconds)
        if self.budget is None:
            yield limit
            return
        self.budget.require(stage)
        began_at = self.deadline.clock.now()
        try:
            yield limit.within(self.budget.left_seconds)
        finally:
            self.budget.spend(self.deadline.clock.now() - began_at)

    def _within(self, seconds: float) -> Deadline:
        return Deadline.after(seconds, self.deadline.clock)


class _StopBefore(stop_base):
    """Start no attempt after so many seconds by the wall clock.

    tenacity counts on a monotonic clock, which may stand still while Lambda has frozen the
    process. A write repeated after a thaw could come later than its lease.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._latest = clock.now() + seconds

    def __call__(self, retry_state: RetryCallState) -> bool:
        return self._clock.now() + retry_state.upcoming_sleep > self._latest
