"""Repeats a write that follows a render, until AWS accepts it or the deadline comes.

`Calls.attempt` gives up after seconds and leaves the rest to the queue. Before a render that costs
nothing; after it, the render would be lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Generic, Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from shared.clock import Clock
from shared.cloud.calls import Calls
from shared.cloud.errors import translated
from shared.cloud.time_limit import time_limit
from shared.deadline import Deadline
from shared.model.errors import Failure, LedgerUnavailable, StorageUnavailable, Throttled

Answer = TypeVar("Answer")

# Full jitter, from none to this much before the first repetition; the bound doubles each time.
# https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_PAUSE_SECONDS = 0.1
# Long enough to leave a service alone that stays overloaded, short enough to see within a batch
# that it has recovered.
LONGEST_PAUSE_SECONDS = 10.0


class Pace(Protocol):
    """Decides when a write may begin, from how earlier writes ended."""

    def begin(self, until: Deadline) -> float | None:
        """Wait for a turn; return the time, or None if `until` came first."""
        ...

    def accepted(self) -> None:
        """Note that AWS accepted a write."""
        ...

    def throttled(self, begun_at: float) -> None:
        """Note that AWS throttled the write whose `begin` returned this time."""
        ...


class Unpaced:
    """The pace of writes that are too few to be limited."""

    def begin(self, until: Deadline) -> float | None:
        """Return the time at once, or None if `until` has come."""
        return until.clock.now() if until.remaining_seconds() else None

    def accepted(self) -> None:
        """Do nothing."""

    def throttled(self, begun_at: float) -> None:
        """Do nothing."""


UNPACED = Unpaced()


class OneTurn:
    """The turns of another pace, for a single attempt: there is no second turn."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._is_used = False

    def begin(self, until: Deadline) -> float | None:
        """Wait for the first turn; return None after it."""
        if self._is_used:
            return None
        self._is_used = True
        return self._pace.begin(until)

    def accepted(self) -> None:
        """Note it in the other pace."""
        self._pace.accepted()

    def throttled(self, begun_at: float) -> None:
        """Note it in the other pace."""
        self._pace.throttled(begun_at)


def persist(
    calls: Calls, call: Callable[[], Answer], *, stage: str, pace: Pace = UNPACED
) -> Answer:
    """Return what a write to AWS returns; repeat it as long as that may help.

    While AWS throttles, it is repeated until the deadline, because a source that is rendered again
    needs all of its writes again. In any other outage it is repeated for `call_seconds`, the time
    that one call may take. Without a deadline this is `Calls.attempt`. Raises `OutOfTime` if too
    little time is left to begin, and the last failure after that. Every call passed here must be
    safe to repeat.
    """
    if calls.deadline.at == inf:
        return calls.attempt(call, stage=stage)
    calls.deadline.require(calls.limits.call_seconds, stage)
    return _Persistence(calls, call, stage, pace).run()


@dataclass(slots=True)
class _Persistence(Generic[Answer]):
    """One write and its repetitions; `down_since` is when it began to fail without throttling."""

    calls: Calls
    call: Callable[[], Answer]
    stage: str
    pace: Pace
    failure: Failure | None = None
    down_since: float = inf
    has_no_turn: bool = False

    def run(self) -> Answer:
        retrying: Callable[..., Answer] = Retrying(
            sleep=self.calls.sleep,
            retry=retry_if_exception_type((Throttled, StorageUnavailable, LedgerUnavailable)),
            stop=self._is_over,
            wait=wait_random_exponential(
                multiplier=FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS
            ),
            reraise=True,
        )
        return retrying(self._attempt)

    def _attempt(self) -> Answer:
        # The clock may have jumped while this slept: Lambda freezes a process.
        begun_at = self.pace.begin(self._latest)
        if begun_at is None:
            self.has_no_turn = True
            # An earlier attempt may still take effect, so its failure is the one to report.
            raise self.failure or self._no_turn()
        try:
            with time_limit(Deadline.after(self.calls.limits.call_seconds, self._clock)):
                answer = translated(self.call, stage=self.stage)
        except (Throttled, StorageUnavailable, LedgerUnavailable) as failure:
            self._note(failure, begun_at)
            raise
        self.pace.accepted()
        return answer

    def _note(self, failure: Failure, begun_at: float) -> None:
        self.failure = failure
        if isinstance(failure, Throttled):
            self.pace.throttled(begun_at)
            self.down_since = inf
        else:
            self.down_since = min(self.down_since, begun_at)

    @property
    def _clock(self) -> Clock:
        return self.calls.deadline.clock

    @property
    def _latest(self) -> Deadline:
        """Return when no attempt may begin any more, or it could outlast the deadline."""
        return self.calls.deadline.earlier(self.calls.limits.call_seconds)

    def _is_over(self, state: RetryCallState) -> bool:
        pause, now = state.upcoming_sleep, self._clock.now()
        is_late = pause >= self._latest.remaining_seconds()
        return (
            self.has_no_turn
            or is_late
            or now + pause > self.down_since + self.calls.limits.call_seconds
        )

    def _no_turn(self) -> Failure:
        return Throttled(
            "Expected a turn to write in time, got none: AWS throttles this worker.",
            stage=self.stage,
        )
