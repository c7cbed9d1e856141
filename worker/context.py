"""The parts of one worker, put together once."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore

from shared.clock import Clock, SystemClock
from shared.cloud.clients import build_announcer, build_clients, build_listener
from shared.cloud.deployed_recipes import S3_SCHEME, deployed_recipes
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import BATCH_SIZE, Queues
from shared.cloud.topics import Topic
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Misconfigured, OutOfTime
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes_json
from shared.settings import Settings
from worker.circuit_breaker import CircuitBreaker

UPLOADS_AT_ONCE = 16
# Sources fetched before a child is free for them: enough to hide S3's latency, few enough to hold.
FETCHED_AHEAD = 2


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What the life of an image needs: buckets, ledger, queues, recipes, render children."""

    settings: Settings
    clock: Clock
    objects: Objects
    ledger: Ledger
    queues: Queues
    recipes: RecipeSet
    watermarks: Watermarks
    render_pool: RenderPool
    uploads: Executor
    prefetch_slots: BoundedSemaphore
    topic: Topic | None = None
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    @contextmanager
    def prefetch_slot(self, deadline: Deadline) -> Iterator[None]:
        """Wait for room for one more source in memory; `OutOfTime` if there is none in time."""
        if not self.prefetch_slots.acquire(timeout=deadline.remaining_seconds()):
            raise OutOfTime("Expected room for one more source in time.", stage="fetch")
        try:
            yield
        finally:
            self.prefetch_slots.release()

    def close(self) -> None:
        """Stop the render children and the upload threads."""
        self.uploads.shutdown(wait=True, cancel_futures=True)
        self.render_pool.close()


def build_context(settings: Settings) -> WorkerContext:
    """Return the parts as the environment describes them."""
    clients = build_clients(connections=UPLOADS_AT_ONCE + BATCH_SIZE)
    clock = SystemClock()
    objects = Objects(
        clients.s3,
        sources_bucket=settings.sources_bucket,
        variants_bucket=settings.variants_bucket,
    )
    return WorkerContext(
        settings=settings,
        clock=clock,
        objects=objects,
        ledger=Ledger(clients.dynamodb, settings.ledger_table, clock),
        queues=Queues(clients.sqs, build_listener() if settings.queue else None),
        recipes=_recipes(settings.recipes, objects),
        watermarks=Watermarks(objects),
        render_pool=RenderPool(settings.render_children, settings.limits),
        uploads=ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload"),
        prefetch_slots=BoundedSemaphore(settings.render_children + FETCHED_AHEAD),
        topic=_topic(settings.completion_topic),
    )


def _topic(arn: str) -> Topic | None:
    return Topic(build_announcer(arn, connections=BATCH_SIZE), arn) if arn else None


def _recipes(place: str, objects: Objects) -> RecipeSet:
    """Return the recipes at `s3://bucket/key` or in a local file, in their JSON form."""
    if place.startswith(S3_SCHEME):
        return deployed_recipes(place, objects)
    return read_recipes_json(_file(place), where=place)


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be used", [f"expected a file: {error}"]) from error
