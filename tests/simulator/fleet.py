"""Many workers that make a backlog of images, on a bucket that accepts so many writes a second.

Everything between the queue and S3 is the worker's own code: the batches, the threads, the calls
with their retries, the pace of the uploads, the circuit breaker and the back-off. AWS, the render
children and time are simulated.
"""

import random
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

from shared.cloud.message_batches import BATCH_SIZE
from shared.events import backfill
from shared.imaging.render_pool import RenderPool
from tests.simulator.call_outcomes import OutcomesFromTape
from tests.simulator.calls import FakeClient, Network
from tests.simulator.mapping import EventSourceMapping
from tests.simulator.pictures import GOOD
from tests.simulator.recipe_sets import FULL_RECIPE_SET
from tests.simulator.render_pool import FakeChild
from tests.simulator.request_rate import RequestRate
from tests.simulator.scheduler import Process, Scheduler
from tests.simulator.services import LIVE, SOURCES, TABLE, VARIANTS, Services, build_services
from tests.simulator.tape import Tape
from tests.simulator.threads import VirtualExecutor, VirtualSemaphore, virtual_threads
from tests.simulator.trace import Trace
from tests.simulator.workers import Workers
from worker.batch import Consumer
from worker.context import FETCHED_AHEAD, UPLOADS_AT_ONCE, WorkerContext

RENDER_SECONDS = 2.0
INVOCATION_SECONDS = 300.0  # as Terraform's default
DAY_SECONDS = 86_400.0
OBJECTS_OF_AN_IMAGE = len(FULL_RECIPE_SET.recipes[0].stored_names()) + 1  # and the manifest


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


class VirtualRenderPool(RenderPool):
    """Render children of one worker, each of which renders one image at a time."""

    def __init__(self, scheduler: Scheduler, process: Process, children: int) -> None:
        self._child = FakeChild(process, RENDER_SECONDS)
        self._free = VirtualSemaphore(scheduler, children)
        self.size = children

    @property
    def renders(self) -> int:
        """Return how many images were rendered."""
        return self._child.renders

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
        self.pools: list[VirtualRenderPool] = []

    def _context(self, process: Process, sqs: FakeClient) -> WorkerContext:
        context = super()._context(process, sqs)
        children = context.settings.render_children
        pool = VirtualRenderPool(self._scheduler, process, children)
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
    """So many workers, and a backlog of good images."""

    def __init__(
        self, *, workers: int, images: int, puts_per_second: float, refused_cost: float = 0.0
    ) -> None:
        self.scheduler = scheduler = Scheduler()
        self.services = build_services(scheduler, lambda change: None)
        trace, tape = Trace(scheduler, is_wanted=False), Tape(b"")
        self.network = Network(scheduler, OutcomesFromTape(tape), trace)
        self.rate = RequestRate(scheduler, puts_per_second, refused_cost=refused_cost)
        self.services.buckets.limit_writes(VARIANTS, self.rate)
        self.workers = ThreadedWorkers(scheduler, self.services, self.network, tape)
        self.mapping = EventSourceMapping(self.services, self.workers.function, tape, trace)
        for number in range(images):
            self._drop(f"{number}.jpg")
        for _ in range(workers):
            scheduler.start(self.mapping.poll)

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
        """Let the bucket accept so many writes a second from now on."""
        self.rate.per_second = puts_per_second

    def _drop(self, key: str) -> None:
        body = b" ".join((GOOD, key.encode()))
        self.services.buckets.put_object(Bucket=SOURCES, Key=key, Body=body)
        self.services.send(backfill.write(SOURCES, [key]))

    def _is_done(self) -> bool:
        return not self.mapping.running and not self.services.queues.messages(LIVE)

    def _figures(self, seconds: float) -> Figures:
        items = self.services.tables.items(TABLE).values()
        return Figures(
            seconds=seconds,
            made=sum(item.get("status") == {"S": "published"} for item in items),
            rendered=sum(pool.renders for pool in self.workers.pools),
            accepted=self.rate.accepted,
            refused=self.rate.refused,
            capacity=self.rate.per_second * (seconds + 1.0),
        )
