"""When an invocation's work must have ended."""

from dataclasses import dataclass

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

    def earlier(self, seconds: float) -> "Deadline":
        """Return a deadline that leaves its keeper this many seconds."""
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
