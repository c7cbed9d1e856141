"""How many requests a second S3 answers before it says SlowDown: a token bucket.

S3 answers at least 3,500 writes a second for each partition of a bucket, and a new bucket has one:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
AWS does not document how it measures a second, so the bucket holds the tokens of `burst_seconds`.
"""

from shared.clock import Clock

# By the page above, for one partition.
PUTS_PER_SECOND = 3_500


class RequestRate:
    """Accepts so many requests a second and counts both kinds of answers.

    `refused_cost` is the part of a token that a refused request uses. AWS does not document it;
    above zero, clients that repeat without waiting lower what all of them get.
    """

    def __init__(
        self,
        clock: Clock,
        per_second: float,
        *,
        burst_seconds: float = 1.0,
        refused_cost: float = 0.0,
    ) -> None:
        self._clock = clock
        self._burst_seconds = burst_seconds
        self._tokens = per_second * burst_seconds
        self._counted_at = clock.now()
        self._refused_cost = refused_cost
        self.per_second = per_second
        self.accepted = 0
        self.refused = 0

    def accept(self, _key: str = "") -> bool:
        """Return whether a request that arrives now is accepted, whatever its key is."""
        now = self._clock.now()
        earned = (now - self._counted_at) * self.per_second
        most = max(1.0, self.per_second * self._burst_seconds)
        self._tokens = min(most, self._tokens + earned)
        self._counted_at = now
        if self._tokens < 1:
            self.refused += 1
            self._tokens = max(0.0, self._tokens - self._refused_cost)
            return False
        self.accepted += 1
        self._tokens -= 1
        return True
