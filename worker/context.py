"""The dependencies of one worker, built once per process."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore

from shared.clock import Clock, SystemClock
from shared.cloud.calls import Calls
from shared.cloud.clients import (
    build_announcer,
    build_clients,
    build_listener,
    open_session,
)
from shared.cloud.ledger import Ledger
from shared.cloud.message_batches import BATCH_SIZE
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.cloud.topics import Topic
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.errors import OutOfTime
from shared.model.recipe import RecipeSet
from shared.settings import Settings
from worker.circuit_breaker import CircuitBreaker
from worker.held_files import HeldFiles
from worker.policy import POLICY, WorkerPolicy
from worker.ready_children import log_ready
from worker.recipes import read_recipes
from worker.upload_pace import UploadPace

UPLOADS_AT_ONCE = 16
# Sources fetched before a render child is free for them: enough to hide S3's latency, few enough
# to fit in memory.
FETCHED_AHEAD = 2


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What it takes to process an image: buckets, ledger, queues, recipes, render children.

    Objects, ledger and topic make calls only within a deadline: `within` returns a context for
    the work that must end by one. Until then the deadline has passed, so that every call is
    refused. Queues have no deadline, because no lease depends on them. `chance` returns a random
    number from 0 to 1.
    """

    settings: Settings
    policy: WorkerPolicy
    clock: Clock
    deadline: Deadline
    objects: Objects
    ledger: Ledger
    queues: Queues
    recipes: RecipeSet
    watermarks: Watermarks
    render_pool: RenderPool
    uploads: Executor
    upload_pace: UploadPace
    prefetch_slots: BoundedSemaphore
    topic: Topic | None = None
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    held_files: HeldFiles = field(default_factory=HeldFiles)
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def within(self, deadline: Deadline) -> "WorkerContext":
        """Return the same dependencies for work that must end by the deadline."""
        return replace(
            self,
            deadline=deadline,
            objects=self.objects.within(deadline),
            ledger=self.ledger.within(deadline),
            topic=self.topic and self.topic.within(deadline),
        )

    @contextmanager
    def prefetch_slot(self) -> Iterator[None]:
        """Wait for memory for one more source; `OutOfTime` if there is none in time."""
        if not self.prefetch_slots.acquire(timeout=self.deadline.remaining_seconds()):
            raise OutOfTime(
                "Expected memory for one more source in time, got none.", stage="fetch"
            )
        try:
            yield
        finally:
            self.prefetch_slots.release()

    def close(self) -> None:
        """Stop the render children and the upload threads."""
        self.uploads.shutdown(wait=True, cancel_futures=True)
        self.render_pool.close()


def build_context(settings: Settings, policy: WorkerPolicy = POLICY) -> WorkerContext:
    """Return the dependencies that the settings describe."""
    clock = SystemClock()
    session = open_session()
    connections = UPLOADS_AT_ONCE + BATCH_SIZE
    clients = build_clients(policy.calls, connections=connections, session=session)
    listener = build_listener(policy.calls, session=session) if settings.queue else None
    arn = settings.completion_topic
    sns = None
    if arn:
        sns = build_announcer(policy.calls, arn, connections=BATCH_SIZE, session=session)
    unbounded = Calls(policy.calls, Deadline.never(clock))
    calls = unbounded.within(Deadline.passed(clock))
    objects = Objects(
        clients.s3,
        calls,
        sources_bucket=settings.sources_bucket,
        variants_bucket=settings.variants_bucket,
    )
    return WorkerContext(
        settings=settings,
        policy=policy,
        clock=clock,
        deadline=calls.deadline,
        objects=objects,
        ledger=Ledger(clients.dynamodb, calls, settings.ledger_table, clock),
        queues=Queues(clients.sqs, unbounded, listener),
        recipes=read_recipes(settings, objects.within(unbounded.deadline)),
        watermarks=Watermarks(),
        render_pool=RenderPool(
            settings.render_children,
            settings.limits,
            log_ready,
            images_per_child=settings.child_images,
        ),
        uploads=ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload"),
        upload_pace=UploadPace(clock),
        prefetch_slots=BoundedSemaphore(settings.render_children + FETCHED_AHEAD),
        topic=Topic(sns, calls, arn) if sns else None,
    )
