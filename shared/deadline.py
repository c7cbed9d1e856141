"""When the work of an invocation must have ended."""

from dataclasses import dataclass
from math import inf

from shared.clock import Clock
from shared.model.errors import OutOfTime


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, in seconds since the epoch, after which nothing may start."""

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """Return the deadline that is this many seconds away."""
        return cls(clock.now() + seconds, clock)

    @classmethod
    def never(cls, clock: Clock) -> "Deadline":
        """Return a deadline that never comes, for work that holds no lease."""
        return cls(inf, clock)

    @classmethod
    def passed(cls, clock: Clock) -> "Deadline":
        """Return a deadline that has passed, for a worker that has no work yet."""
        return cls(-inf, clock)

    def earlier(self, seconds: float) -> "Deadline":
        """Return the deadline that is this many seconds before this one."""
        return Deadline(self.at - seconds, self.clock)

    def within(self, seconds: float) -> "Deadline":
        """Return this deadline, or the one that is this many seconds away if that is earlier."""
        return Deadline(min(self.at, self.clock.now() + seconds), self.clock)

    def remaining_seconds(self) -> float:
        """Return the time left, never under zero."""
        return max(0.0, self.at - self.clock.now())

    def require(self, seconds: float, stage: str) -> None:
        """Raise `OutOfTime` if less time than this is left."""
        left = self.remaining_seconds()
        if left < seconds:
            raise OutOfTime(f"Expected {seconds:.0f} s to be left, got {left:.1f} s.", stage=stage)
