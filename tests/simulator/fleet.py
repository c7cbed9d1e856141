"""Many workers that make a backlog of images, on a bucket that accepts so many writes a second.

Everything between the queue and S3 is the worker's own code: the batches, the threads, the calls
with their retries, the pace of the uploads, the circuit breaker and the back-off. AWS, the render
children and time are simulated.
"""

import random
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import Self

from shared.cloud.entries import SCHEMA_VERSION
from shared.cloud.items import Value, to_item
from shared.cloud.message_batches import BATCH_SIZE
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.events import backfill
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.entry import PUBLISHED
from tests.simulator.bucket_partitions import BucketPartitions
from tests.simulator.call_outcomes import OutcomesFromTape
from tests.simulator.calls import FakeClient, Network
from tests.simulator.mapping import EventSourceMapping
from tests.simulator.pictures import GOOD
from tests.simulator.queues import MOST_IN_FLIGHT
from tests.simulator.recipe_sets import FULL_RECIPE_SET
from tests.simulator.render_pool import FakeChild
from tests.simulator.scheduler import Process, Scheduler
from tests.simulator.services import LIVE, SOURCES, TABLE, VARIANTS, Services, build_services
from tests.simulator.table_capacity import TableCapacity
from tests.simulator.tape import Tape
from tests.simulator.threads import VirtualExecutor, VirtualSemaphore, virtual_threads
from tests.simulator.trace import Trace
from tests.simulator.workers import Workers
from worker.batch import Consumer
from worker.context import FETCHED_AHEAD, UPLOADS_AT_ONCE, WorkerContext

RENDER_SECONDS = 2.0
INVOCATION_SECONDS = 300.0  # as Terraform's default
DAY_SECONDS = 86_400.0
# The recipe of images that are made again.
FORMER = "former"
OBJECTS_OF_AN_IMAGE = len(FULL_RECIPE_SET.recipes[0].stored_names()) + 1  # and the manifest


@dataclass(frozen=True, slots=True)
class AwsLimits:
    """What AWS allows to a whole fleet, of which a few workers get their `share`.

    `puts_per_second` is of one partition, and the bucket begins with `partitions` of them. Table
    and queue have the limits of `table_capacity` and `queues` if `are_others_limited`.
    """

    puts_per_second: float
    share: float = 1.0
    partitions: int = 1
    split_seconds: float = inf
    refused_cost: float = 0.0
    are_others_limited: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What a fleet did in `seconds`; `made` are the images that it published."""

    seconds: float
    made: int
    rendered: int
    accepted: int
    refused: int
    capacity: float

    @property
    def wasted(self) -> int:
        """Return how many renders led to no published image."""
        return self.rendered - self.made

    @property
    def share_of_capacity(self) -> float:
        """Return the accepted writes of published images, of all that S3 would have accepted."""
        return self.made * OBJECTS_OF_AN_IMAGE / self.capacity

    @property
    def refused_share(self) -> float:
        """Return the share of the writes that S3 refused."""
        return self.refused / (self.refused + self.accepted)


class _CountingChild(FakeChild):
    """A render child that remembers the sources that it has rendered."""

    def __init__(self, process: Process, render_seconds: float) -> None:
        super().__init__(process, render_seconds)
        self.sources: set[bytes] = set()

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        """Render a source, and remember it."""
        for reply in super().render(
            source, job, time_limit_seconds=time_limit_seconds, watermark=watermark
        ):
            self.sources.add(source)
            yield reply


class VirtualRenderPool(RenderPool):
    """Render children of one worker, each of which renders one image at a time."""

    def __init__(
        self, scheduler: Scheduler, process: Process, children: int, render_seconds: float
    ) -> None:
        self._child = _CountingChild(process, render_seconds)
        self._free = VirtualSemaphore(scheduler, children)
        self.size = children

    @property
    def renders(self) -> int:
        """Return how many images were rendered."""
        return self._child.renders

    @property
    def sources(self) -> AbstractSet[bytes]:
        """Return the sources that were rendered."""
        return self._child.sources

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[FakeChild]:  # type: ignore[override] # a fake
        """Lend a child."""
        with self._free:
            yield self._child

    def close(self) -> None:
        """Do nothing: there is no process to stop."""


class ThreadedWorkers(Workers):
    """Workers with the threads of the real ones."""

    def __init__(
        self, scheduler: Scheduler, services: Services, network: Network, tape: Tape
    ) -> None:
        super().__init__(scheduler, services, network, tape, invocation_seconds=INVOCATION_SECONDS)
        self.recipe_set = FULL_RECIPE_SET
        self.render_seconds = RENDER_SECONDS
        self.pools: list[VirtualRenderPool] = []

    def _context(self, process: Process, sqs: FakeClient) -> WorkerContext:
        context = super()._context(process, sqs)
        children = context.settings.render_children
        pool = VirtualRenderPool(self._scheduler, process, children, self.render_seconds)
        self.pools.append(pool)
        # Held during a call, so a task that waited for a real lock would stop all others.
        context.queues._lock = VirtualSemaphore(self._scheduler, 1)  # type: ignore[assignment]
        return replace(
            context,
            render_pool=pool,
            uploads=self._executor(UPLOADS_AT_ONCE),
            prefetch_slots=VirtualSemaphore(self._scheduler, children + FETCHED_AHEAD),
        )

    def _consumer(self, context: WorkerContext) -> Consumer:
        return Consumer(context, pool=lambda name: self._executor(BATCH_SIZE))

    def _executor(self, threads: int) -> Executor:
        return VirtualExecutor(self._scheduler, threads)


class Fleet:
    """So many workers, and a backlog of good images.

    Worker `n` begins after `starts[n]` seconds, or at once. `is_remade` if the images were
    published with another recipe. `are_runners` if the workers poll the queue themselves.
    """

    def __init__(
        self,
        *,
        workers: int,
        images: int,
        limits: AwsLimits,
        starts: Sequence[float] = (),
        is_remade: bool = False,
        are_runners: bool = False,
    ) -> None:
        self._are_runners = are_runners
        self._share = limits.share
        self._is_remade = is_remade
        self.scheduler = scheduler = Scheduler()
        self.services = build_services(scheduler, lambda change: None)
        trace, tape = Trace(scheduler, is_wanted=False), Tape(b"")
        self.network = Network(scheduler, OutcomesFromTape(tape), trace)
        self.rate = BucketPartitions(
            scheduler,
            limits.puts_per_second * limits.share,
            partitions=limits.partitions,
            split_seconds=limits.split_seconds,
            refused_cost=limits.refused_cost,
        )
        self.capacity = TableCapacity(scheduler, limits.share)
        if limits.are_others_limited:
            self.services.tables.limit_units(TABLE, self.capacity)
            self.services.queues.most_in_flight = MOST_IN_FLIGHT * limits.share
        self.services.buckets.limit_writes(VARIANTS, self.rate)
        self.workers = ThreadedWorkers(scheduler, self.services, self.network, tape)
        self.mapping = EventSourceMapping(self.services, self.workers.function, tape, trace)
        for number in range(images):
            self._drop(f"{number}.jpg")
        for number in range(workers):
            after = starts[number] if starts else 0.0
            work = self.workers.run_a_runner if are_runners else self.mapping.poll
            scheduler.start(work, after_seconds=after)

    @contextmanager
    def at_work(self) -> Iterator[Self]:
        """Let the fleet run inside the block, and end every task after it."""
        state = random.getstate()
        random.seed(0)
        try:
            with virtual_threads(self.scheduler):
                try:
                    yield self
                finally:
                    self.scheduler.close()
        finally:
            random.setstate(state)

    def run(self, *, seconds: float = DAY_SECONDS) -> Figures:
        """Work for so long, or until the backlog is done, and return what was done by then."""
        began_at = self.scheduler.time
        self.scheduler.run(until=self._is_done, longest_seconds=seconds)
        return self._figures(self.scheduler.time - began_at)

    def accept(self, puts_per_second: float) -> None:
        """Let each partition of the bucket accept so many writes a second from now on."""
        self.rate.limit_each(puts_per_second * self._share)

    @property
    def made(self) -> int:
        """Return how many images are published with the present recipe."""
        items = self.services.tables.items(TABLE).values()
        return sum(
            item.get("status") == {"S": PUBLISHED} and item.get("recipe") != {"S": FORMER}
            for item in items
        )

    @property
    def rendered_again(self) -> int:
        """Return how many renders were of an image that had been rendered before."""
        pools = self.workers.pools
        rendered: set[bytes] = set().union(*(pool.sources for pool in pools))
        return sum(pool.renders for pool in pools) - len(rendered)

    @property
    def in_flight(self) -> int:
        """Return how many messages are in flight, of all that the workers share."""
        return self.services.queues.in_flight(LIVE)

    def _drop(self, key: str) -> None:
        body = b" ".join((GOOD, key.encode()))
        answer = self.services.buckets.put_object(Bucket=SOURCES, Key=key, Body=body)
        if self._is_remade:
            self._publish(key, answer["ETag"])
        self.services.send(backfill.write(SOURCES, [key]))

    def _publish(self, key: str, etag: str) -> None:
        names = FULL_RECIPE_SET.recipes[0].stored_names()
        item: dict[str, Value] = {
            "key": key,
            "schema": SCHEMA_VERSION,
            "status": PUBLISHED,
            STATUS_SHARD: status_shard(PUBLISHED, key),
            "etag": etag,
            "identity": etag,
            "recipe": FORMER,
            "fingerprint": "0" * 16,
            "version": f"{7:016x}",
            "change": f"{7:036x}",
            "done_token": f"{7:036x}",
            "variants": sorted(f"{name}.{slot}" for name, slot in names),
            "source_bytes": 4_000_000,
            "variant_bytes": 500_000,
            "updated_at": 1780315200.5,
        }
        self.services.tables.put_item(TableName=TABLE, Item=to_item(item))

    def _is_done(self) -> bool:
        is_busy = self.workers.is_busy if self._are_runners else self.mapping.running
        return not is_busy and not self.services.queues.messages(LIVE)

    def _figures(self, seconds: float) -> Figures:
        return Figures(
            seconds=seconds,
            made=self.made,
            rendered=sum(pool.renders for pool in self.workers.pools),
            accepted=self.rate.accepted,
            refused=self.rate.refused,
            capacity=self.rate.per_second * (seconds + 1.0),
        )
