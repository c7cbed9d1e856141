"""How much a new on-demand table of DynamoDB and its index take, and what each request uses.

- A new on-demand table takes 4,000 write units and 12,000 read units a second; after that, twice
  the former peak, which it reaches only if it was not exceeded within 30 minutes. An index has a
  capacity of its own:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
- Up to 300 s of unused capacity are kept for a burst. Here it is 5 s, because a few workers are
  less even than a thousand; a partition keeps one second:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
- A partition takes 1,000 write units a second, and all items of an index with one partition key
  are in one partition, because their sort keys grow:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
- A write unit is 1 KB of the larger one of the item before and after, a read unit 4 KB:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
- A changed key of an index is a delete and a put there, each of which counts; a write that an
  index cannot take is throttled in the table:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil, inf

from shared.clock import Clock

WRITES_PER_SECOND, READS_PER_SECOND = 4_000.0, 12_000.0
PARTITION_WRITES_PER_SECOND = 1_000.0
BURST_SECONDS = 5.0
PEAK_SECONDS = 60.0
DOUBLES_AFTER_SECONDS = 30 * 60.0
WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1_024, 4_096
# A burst must let one item of a few kilobytes through, however small the part of a fleet is.
LEAST_BURST_UNITS = 8.0


def write_units(before_bytes: int, after_bytes: int) -> int:
    """Return the write units of an item that had and has so many bytes."""
    return max(1, ceil(max(before_bytes, after_bytes) / WRITE_UNIT_BYTES))


def read_units(item_bytes: int) -> int:
    """Return the read units of a consistent read."""
    return max(1, ceil(item_bytes / READ_UNIT_BYTES))


@dataclass(slots=True)
class Units:
    """A token bucket of units; `peak` has the units a second of the busiest minute."""

    clock: Clock
    per_second: float
    doubles: bool = True
    used: int = 0
    peak: float = 0.0
    _tokens: float = -inf
    _counted_at: float = 0.0
    _minute_at: float = 0.0
    _minute_used: int = 0
    _peaks: list[tuple[float, float]] = field(default_factory=list)

    def has(self, units: int) -> bool:
        """Return whether so many units are left now."""
        now = self.clock.now()
        limit = self.limit(now)
        most = max(limit * (BURST_SECONDS if self.doubles else 1.0), LEAST_BURST_UNITS)
        if self._tokens == -inf:
            self._tokens, self._counted_at, self._minute_at = most, now, now
        self._tokens = min(most, self._tokens + (now - self._counted_at) * limit)
        self._counted_at = now
        return self._tokens >= units

    def take(self, units: int) -> None:
        """Use units that `has` has found."""
        self._tokens -= units
        self.used += units
        now = self.clock.now()
        if now - self._minute_at >= PEAK_SECONDS:
            rate = self._minute_used / (now - self._minute_at)
            self.peak = max(self.peak, rate)
            self._peaks.append((now, rate))
            self._minute_at, self._minute_used = now, 0
        self._minute_used += units

    def limit(self, now: float) -> float:
        """Return the units a second that are taken at a time."""
        if not self.doubles:
            return self.per_second
        former = (rate for at, rate in self._peaks if at <= now - DOUBLES_AFTER_SECONDS)
        return max(self.per_second, 2 * max(former, default=0.0))


class TableCapacity:
    """The capacity of one table and its index, of which a part of a fleet gets its `share`.

    `throttled` counts the refusals by what was full. `partition_of` returns the partition of an
    index key; a test has all keys of a status in one.
    """

    def __init__(self, clock: Clock, share: float) -> None:
        self._clock = clock
        self._share = share
        self.partition_of: Callable[[str], str] = str
        self.writes = Units(clock, WRITES_PER_SECOND * share)
        self.reads = Units(clock, READS_PER_SECOND * share)
        self.index_writes = Units(clock, WRITES_PER_SECOND * share)
        self.partitions: dict[str, Units] = {}
        self.throttled: Counter[str] = Counter()

    def read(self, units: int) -> bool:
        """Return whether the table answers a read of so many units."""
        return self._use({"reads": (self.reads, units)})

    def write(self, units: int, index_units: Mapping[str, int]) -> bool:
        """Return whether table and index take a write; `index_units` are by the index's key."""
        needed = {"table": (self.writes, units)}
        if index_units:
            needed["index"] = (self.index_writes, sum(index_units.values()))
        by_partition: Counter[str] = Counter()
        for key, more in index_units.items():
            by_partition[self.partition_of(key)] += more
        for name, more in by_partition.items():
            needed[f"partition {name}"] = (self._partition(name), more)
        return self._use(needed)

    def share_of(self, what: Units, of_whole: float) -> float:
        """Return the busiest minute as a part of a limit of the whole fleet."""
        return what.peak / (of_whole * self._share)

    @property
    def busiest_partition(self) -> float:
        """Return the busiest minute of a partition of the index, as a part of its limit."""
        each_peak = (
            self.share_of(each, PARTITION_WRITES_PER_SECOND) for each in self.partitions.values()
        )
        return max(each_peak, default=0.0)

    def _partition(self, name: str) -> Units:
        if name not in self.partitions:
            per_second = PARTITION_WRITES_PER_SECOND * self._share
            self.partitions[name] = Units(self._clock, per_second, doubles=False)
        return self.partitions[name]

    def _use(self, needed: Mapping[str, tuple[Units, int]]) -> bool:
        for name, (units, wanted) in needed.items():
            if not units.has(wanted):
                self.throttled[name.partition(" ")[0]] += 1
                return False
        for units, wanted in needed.values():
            units.take(wanted)
        return True
