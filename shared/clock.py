"""The clock that code takes as an argument, so that tests can set the time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Returns the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class SystemClock:
    """The machine's wall clock.

    Not a monotonic clock: Lambda freezes a process between invocations, and a monotonic clock may
    stand still meanwhile. A thread that goes on afterwards must see that its lease has expired.
    """

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()
