"""S3's partitions of one bucket: ranges of its keys, each with a rate of its own.

A bucket begins with one partition. S3 splits a partition whose requests stay over its rate, and
answers SlowDown until it has done so:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
That takes 30 to 60 minutes of sustained load:
https://repost.aws/knowledge-center/s3-object-key-naming-pattern
AWS documents neither where it splits nor what it counts as sustained: here a partition that has
refused a write in each minute for `split_seconds` is split in the middle of its keys, which begin
with two hexadecimal digits of a hash.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import inf

from shared.clock import Clock
from tests.simulator.request_rate import RequestRate

SPLIT_SECONDS = 45 * 60.0
# A partition that refuses nothing for so long is no longer overloaded.
COOL_SECONDS = 60.0
PREFIXES = 256


@dataclass(slots=True)
class _Partition:
    """The keys whose first two hexadecimal digits are at least `first` and less than `end`."""

    first: int
    end: int
    rate: RequestRate
    hot_since: float = -inf
    refused_at: float = -inf

    def note_refusal(self, now: float) -> float:
        """Return for how long this partition has been overloaded."""
        if now - self.refused_at > COOL_SECONDS:
            self.hot_since = now
        self.refused_at = now
        return now - self.hot_since


class BucketPartitions:
    """A limit of writes that grows by splits; `splits` has the time of each."""

    def __init__(
        self,
        clock: Clock,
        per_second: float,
        *,
        partitions: int = 1,
        split_seconds: float = inf,
        refused_cost: float = 0.0,
    ) -> None:
        self._clock = clock
        self._split_seconds = split_seconds
        self._refused_cost = refused_cost
        self.accepted = 0
        self.refused = 0
        self.splits: list[float] = []
        bounds = [PREFIXES * at // partitions for at in range(partitions + 1)]
        self._partitions = [
            _Partition(first, end, self._rate(per_second)) for first, end in pairwise(bounds)
        ]

    @property
    def per_second(self) -> float:
        """Return how many writes a second all partitions accept together."""
        return sum(each.rate.per_second for each in self._partitions)

    def limit_each(self, per_second: float) -> None:
        """Let each partition accept so many writes a second from now on."""
        for each in self._partitions:
            each.rate.per_second = per_second

    def accept(self, key: str) -> bool:
        """Return whether a write of a key that arrives now is accepted."""
        prefix = _prefix(key)
        partition = next(each for each in self._partitions if each.first <= prefix < each.end)
        if partition.rate.accept(key):
            self.accepted += 1
            return True
        self.refused += 1
        if partition.note_refusal(self._clock.now()) >= self._split_seconds:
            self._split(partition)
        return False

    def _split(self, partition: _Partition) -> None:
        middle = (partition.first + partition.end) // 2
        if middle == partition.first:
            return
        self.splits.append(self._clock.now())
        self._partitions.remove(partition)
        per_second = partition.rate.per_second
        self._partitions += [
            _Partition(partition.first, middle, self._rate(per_second)),
            _Partition(middle, partition.end, self._rate(per_second)),
        ]

    def _rate(self, per_second: float) -> RequestRate:
        return RequestRate(self._clock, per_second, refused_cost=self._refused_cost)


def _prefix(key: str) -> int:
    try:
        return int(key[:2], 16)
    except ValueError:  # the objects of no source, such as recipes
        return 0
