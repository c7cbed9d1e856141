"""The parts of one worker, put together once."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from threading import BoundedSemaphore

from shared.clock import Clock, SystemClock
from shared.cloud.clients import build_announcer, build_clients, build_listener
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import BATCH_SIZE, Queues
from shared.cloud.topics import Topic
from shared.cloud.watermarks import Marks
from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Misconfigured, OutOfTime
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes
from shared.settings import Settings
from worker.circuit_breaker import Brake

UPLOADS_AT_ONCE = 16
# Sources fetched before a child is free for them: enough to hide S3's latency, few enough to hold.
FETCHED_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the life of an image needs: buckets, ledger, queues, recipes, render children."""

    settings: Settings
    clock: Clock
    objects: Objects
    ledger: Ledger
    queues: Queues
    recipes: RecipeSet
    marks: Marks
    render_pool: RenderPool
    uploads: Executor
    desk: BoundedSemaphore
    topic: Topic | None = None
    brake: Brake = field(default_factory=Brake)

    @contextmanager
    def place_on_desk(self, deadline: Deadline) -> Iterator[None]:
        """Wait for room for one more source in memory; `OutOfTime` if there is none in time."""
        if not self.desk.acquire(timeout=deadline.remaining_seconds()):
            raise OutOfTime("Expected room for one more source in time.", stage="fetch")
        try:
            yield
        finally:
            self.desk.release()

    def close(self) -> None:
        """Stop the render children and the upload threads."""
        self.uploads.shutdown(wait=True, cancel_futures=True)
        self.render_pool.close()


def build_fleet(settings: Settings) -> Fleet:
    """Return the parts as the environment describes them."""
    clients = build_clients(connections=UPLOADS_AT_ONCE + BATCH_SIZE)
    clock = SystemClock()
    objects = Objects(
        clients.s3,
        sources_bucket=settings.sources_bucket,
        variants_bucket=settings.variants_bucket,
    )
    return Fleet(
        settings=settings,
        clock=clock,
        objects=objects,
        ledger=Ledger(clients.dynamodb, settings.ledger_table, clock),
        queues=Queues(clients.sqs, build_listener() if settings.queue else None),
        recipes=_recipes(settings.recipes, objects),
        marks=Marks(objects),
        render_pool=RenderPool(settings.render_children, settings.limits),
        uploads=ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload"),
        desk=BoundedSemaphore(settings.render_children + FETCHED_AHEAD),
        topic=_topic(settings.completion_topic),
    )


def _topic(arn: str) -> Topic | None:
    return Topic(build_announcer(arn, connections=BATCH_SIZE), arn) if arn else None


def _recipes(where: str, objects: Objects) -> RecipeSet:
    """Read the recipes from `s3://bucket/key` or from a file, in their JSON form."""
    if where.startswith("s3://"):
        bucket, _, key = where.removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise Misconfigured(f"{where} cannot be used", ["expected s3://bucket/key"])
        text = objects.read_recipes(bucket, key)
    else:
        text = _file(where)
    try:
        return read_recipes(loads(text), where=where)
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or nested without end
        raise Misconfigured(f"{where} cannot be used", [f"expected JSON: {error}"]) from error


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be used", [f"expected a file: {error}"]) from error
