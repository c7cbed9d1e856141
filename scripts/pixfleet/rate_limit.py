"""Limits how many items a second are sent."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit in items a second; None for no limit."""

    per_second: float | None = None

    def batch_size(self, most: int) -> int:
        """Return how many items to send at once: about a second's worth, up to `most`."""
        if self.per_second is None:
            return most
        return max(1, min(most, round(self.per_second)))


@dataclass(slots=True)
class RateLimiter:
    """Keeps to a rate limit. After slow sends it does not exceed the limit to catch up."""

    limit: RateLimit
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    _next_at: float = field(default=0.0, init=False)

    def wait(self, items: int = 1) -> None:
        """Wait until `items` more may be sent."""
        if self.limit.per_second is None:
            return
        now = self.clock.now()
        starts_at = max(self._next_at, now)
        self._next_at = starts_at + items / self.limit.per_second
        if starts_at > now:
            self.sleep(starts_at - now)
