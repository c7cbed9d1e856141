"""The edge's clock, which a test can put forward."""

import time
from collections.abc import Callable


class SettableClock:
    """The system's time, plus the seconds by which it was put forward."""

    def __init__(self, system: Callable[[], float] = time.time) -> None:
        self._system = system
        self._ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds since the epoch."""
        return self._system() + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward; ValueError for less than 0: cached responses have a time, too."""
        if not seconds >= 0:
            raise ValueError(f"Expected seconds of at least 0 to advance, got {seconds}.")
        self._ahead += seconds
