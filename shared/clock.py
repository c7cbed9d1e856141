"""Time as an argument, so that tests can turn it."""

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class SystemClock:
    """The machine's own clock.

    Wall time on purpose: Lambda freezes a process between invocations, and a clock that stands
    still meanwhile would let a thawed thread believe that its lease is still good.
    """

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()
