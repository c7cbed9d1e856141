"""Fleets of workers in virtual time: a slice of each, on its part of AWS's limits.

A worker sees nothing of the others but AWS's answers, so that a dozen workers on a bucket that
accepts their share of 3,500 writes a second are in the situation of a whole fleet
(`tests/simulator/fleet.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import mean

from scripts.pixfleet.pricing.prices import MEGABYTES_PER_VCPU
from tests.bench.scale_limits import start_seconds
from tests.simulator.bucket_partitions import SPLIT_SECONDS
from tests.simulator.fleet import OBJECTS_OF_AN_IMAGE, AwsLimits, Fleet
from tests.simulator.request_rate import PUTS_PER_SECOND
from tests.simulator.table_capacity import WRITES_PER_SECOND
from tests.simulator.world import simulated

MILLION = 1_000_000
SLICE = 12
IMAGES_OF_A_WORKER = 40
STEP_SECONDS = 10.0
# https://aws.amazon.com/lambda/pricing/: arm64, us-east-1
DOLLARS_A_GIGABYTE_SECOND = 0.0000133334
# The first split comes after 45 minutes; a million images are done before the second.
LONG_SLICE = 12
LONG_SECONDS = 75 * 60.0
LONG_STEP_SECONDS = 60.0
# A bucket that AWS has partitioned by its first hexadecimal digit.
PARTITIONED = 16
REMADE_SLICE = 16
# So many that all workers are there for minutes before the end.
REMADE_IMAGES = 120
LAST_BATCH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Modelled:
    """What a fleet of so many workers does; `curve` are its accepted writes a second by time."""

    workers: int
    images_per_second: float
    share_of_limit: float
    refused_share: float
    wasted: int
    curve: Sequence[tuple[float, float]]

    @property
    def million_seconds(self) -> float:
        """Return how long a million images take, with the ramp of the event source mappings."""
        return MILLION / self.images_per_second + start_seconds(self.workers, self.workers) / 2

    @property
    def million_dollars(self) -> float:
        """Return what Lambda charges for the workers' time of a million images."""
        gigabytes = MEGABYTES_PER_VCPU / 1024
        seconds = MILLION / self.images_per_second * self.workers
        return seconds * gigabytes * DOLLARS_A_GIGABYTE_SECOND


@dataclass(frozen=True, slots=True)
class Long:
    """What a fleet does from its first minute on; `curve` has images a second by minute.

    `table_share` is the busiest minute of the table, as a part of its limit; `throttled` counts
    what DynamoDB has refused, and `wasted` the renders of images that had been rendered before.
    """

    workers: int
    curve: Sequence[tuple[float, float]]
    split_seconds: Sequence[float]
    wasted: int
    table_share: float
    in_flight: float
    throttled: int

    @property
    def million_seconds(self) -> float:
        """Return when the millionth image is published; infinite if that is after the end."""
        made, before = 0.0, 0.0
        for at, rate in self.curve:
            more = rate * (at - before)
            if made + more >= MILLION:
                return before + (MILLION - made) / rate
            made, before = made + more, at
        return inf

    def images_per_second(self, begin: float, end: float) -> float:
        """Return the mean between two times in seconds."""
        return mean(rate for at, rate in self.curve if begin < at <= end)


@dataclass(frozen=True, slots=True)
class Remade:
    """How a new table and its index take images that are made again.

    `images_per_second` is the mean while all workers have work. The shares are of the limits of
    the table, of the index and of its partitions, in the busiest minute. `throttled` counts what
    was refused, and `wasted` the renders of images that had been rendered before.
    """

    workers: int
    images_per_second: float
    table_share: float
    index_share: float
    busiest_key_share: float
    throttled: int
    wasted: int


class Samples:
    """Rates of a counter of a fleet, each over `step_seconds`, times `factor`."""

    def __init__(
        self, fleet: Fleet, step_seconds: float, factor: float, *, of_images: bool
    ) -> None:
        self.curve = [(0.0, 0.0)]
        self.in_flight = 0.0
        self._fleet, self._step, self._factor = fleet, step_seconds, factor
        self._of_images = of_images
        self._began_at, self._before = fleet.scheduler.time, 0
        fleet.scheduler.after(step_seconds, self._sample)

    def _sample(self) -> None:
        fleet = self._fleet
        count = fleet.made if self._of_images else fleet.rate.accepted
        rate = (count - self._before) / self._step * self._factor
        self._before = count
        self.curve.append((fleet.scheduler.time - self._began_at, rate))
        self.in_flight = max(self.in_flight, fleet.in_flight * self._factor)
        fleet.scheduler.after(self._step, self._sample)


def modelled(workers: int, images: int = IMAGES_OF_A_WORKER) -> Modelled:
    """Run a slice of the fleet on a bucket that is never split."""
    some = min(SLICE, workers)
    factor = workers / some
    with simulated():
        fleet = Fleet(
            workers=some, images=some * images, limits=AwsLimits(PUTS_PER_SECOND, 1 / factor)
        )
        samples = Samples(fleet, STEP_SECONDS, factor, of_images=False)
        with fleet.at_work():
            figures = fleet.run()
    seconds = figures.seconds
    used = figures.made * OBJECTS_OF_AN_IMAGE / seconds * factor
    return Modelled(
        workers=workers,
        images_per_second=figures.made / seconds * factor,
        share_of_limit=used / PUTS_PER_SECOND,
        refused_share=figures.refused_share,
        wasted=figures.wasted,
        curve=samples.curve,
    )


def over_time(workers: int, seconds: float = LONG_SECONDS, some: int = LONG_SLICE) -> Long:
    """Run a few workers from the first poller on: ramp, splits, table, index and queue."""
    factor = workers / some
    # More than they can make, so that the end has no idle workers.
    images = round(some * seconds / 1.8)
    limits = AwsLimits(
        PUTS_PER_SECOND, 1 / factor, split_seconds=SPLIT_SECONDS, are_others_limited=True
    )
    with simulated():
        fleet = Fleet(workers=some, images=images, limits=limits, starts=starts(workers, some))
        began_at = fleet.scheduler.time
        samples = Samples(fleet, LONG_STEP_SECONDS, factor, of_images=True)
        with fleet.at_work():
            fleet.run(seconds=seconds)
    capacity = fleet.capacity
    return Long(
        workers=workers,
        curve=samples.curve,
        split_seconds=[at - began_at for at in fleet.rate.splits],
        wasted=fleet.rendered_again,
        table_share=capacity.share_of(capacity.writes, WRITES_PER_SECOND),
        in_flight=samples.in_flight,
        throttled=capacity.throttled.total(),
    )


def remade(
    workers: int,
    images: int = REMADE_IMAGES,
    some: int = REMADE_SLICE,
    partition_of: Callable[[str], str] = str,
) -> Remade:
    """Make published images again, on a partitioned bucket, with a new table and a new index.

    `partition_of` is the partition of the index that has a key of it.
    """
    factor = workers / some
    limits = AwsLimits(
        PUTS_PER_SECOND, 1 / factor, partitions=PARTITIONED, are_others_limited=True
    )
    with simulated():
        fleet = Fleet(
            workers=some,
            images=some * images,
            limits=limits,
            starts=starts(workers, some),
            is_remade=True,
        )
        fleet.capacity.partition_of = partition_of
        samples = Samples(fleet, STEP_SECONDS, factor, of_images=True)
        with fleet.at_work():
            seconds = fleet.run().seconds
    capacity, all_there = fleet.capacity, start_seconds(workers, workers)
    return Remade(
        workers=workers,
        # The last batches end at different times.
        images_per_second=mean(
            rate for at, rate in samples.curve if all_there < at < seconds - LAST_BATCH_SECONDS
        ),
        table_share=capacity.share_of(capacity.writes, WRITES_PER_SECOND),
        index_share=capacity.share_of(capacity.index_writes, WRITES_PER_SECOND),
        busiest_key_share=capacity.busiest_partition,
        throttled=capacity.throttled.total(),
        wasted=fleet.rendered_again,
    )


def starts(workers: int, some: int) -> Sequence[float]:
    """Return when each of a few workers begins that stand for all."""
    factor = workers / some
    return [start_seconds((number + 0.5) * factor, workers) for number in range(some)]
