"""The worker put together over moto, with real render children and small pictures."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Any

import pytest
from moto import mock_aws

from scripts.local.stack import create_ledger
from shared.clock import SystemClock
from shared.cloud.clients import Clients, build_clients
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.events.sqs import from_receive
from shared.imaging.render_pool import RenderPool
from shared.model.keys import manifest_key
from shared.model.limits import Limits
from shared.model.recipe_reader import read_recipes
from shared.settings import Settings, read_settings
from tests.support.fakes import unbounded_calls
from tests.support.iam.fixtures import calls_are_allowed, recorded_calls
from worker.batch import Consumer, RecordResult
from worker.context import WorkerContext
from worker.policy import CALL_LIMITS, POLICY, WorkerPolicy
from worker.result import RecordOutcome
from worker.upload_pace import UploadPace

__all__ = ["calls_are_allowed", "recorded_calls"]

SOURCES, VARIANTS, TABLE = "sources", "variants", "ledger"
LIVE, DEAD = "live", "dead"
RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "tiny",
            "match": {"prefix": ""},
            "variants": [
                {"widths": [32, 64], "formats": ["webp"]},
                {"widths": [64], "formats": ["fallback"]},
            ],
        },
        {
            "name": "square",
            "match": {"prefix": "never-by-key/"},
            "variants": [
                {"name": "sq", "width": 16, "height": 16, "fit": "cover", "formats": ["webp"]}
            ],
        },
    ],
}
TINY_NAMES = {"w32.webp", "w64.webp", "w64.fallback"}


@pytest.fixture(name="render_pool", scope="session")
def _render_pool() -> Iterator[RenderPool]:
    render_pool = RenderPool(2, Limits())
    yield render_pool
    render_pool.close()


@pytest.fixture(name="built_clients", scope="session")
def _built_clients() -> Clients:
    """Return clients that every test shares: to build them takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        _set_environment(patch)
        with mock_aws():
            return build_clients(CALL_LIMITS, connections=20)


def _set_environment(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "PIXFLEET_")):
            patch.delenv(name)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture(name="clients")
def _clients(built_clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Return clients of an AWS that is new for each test."""
    _set_environment(monkeypatch)
    clients = built_clients
    with mock_aws():
        for bucket in (SOURCES, VARIANTS):
            clients.s3.create_bucket(Bucket=bucket)
        for queue in (LIVE, DEAD):
            clients.sqs.create_queue(QueueName=queue)
        create_ledger(clients.dynamodb, TABLE)
        yield clients


@dataclass
class World:
    """Everything a test arranges, acts on and looks at."""

    clients: Clients
    context: WorkerContext
    consumer: Consumer

    @property
    def settings(self) -> Settings:
        return self.context.settings

    @property
    def ledger(self) -> Ledger:
        """Return the ledger without a deadline."""
        return self.context.ledger.within(Deadline.never(self.context.clock))

    @property
    def objects(self) -> Objects:
        """Return the buckets without a deadline."""
        return self.context.objects.within(Deadline.never(self.context.clock))

    def drop(self, key: str, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.clients.s3.put_object(
            Bucket=SOURCES, Key=key, Body=data, Metadata=dict(metadata or {})
        )

    def event(self, *keys: str) -> str:
        """Return the body of an S3 notification; the keys must need no encoding."""
        records = [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": SOURCES}, "object": {"key": key}},
            }
            for key in keys
        ]
        return json.dumps({"Records": records})

    def send(self, *bodies: str) -> None:
        for body in bodies:
            url = self.clients.sqs.get_queue_url(QueueName=LIVE)["QueueUrl"]
            self.clients.sqs.send_message(QueueUrl=url, MessageBody=body)

    def consume(self, *, seconds: float = 120) -> tuple[RecordResult, ...]:
        """Receive up to ten messages and consume them; the queue is told nothing."""
        raw = self.context.queues.receive(LIVE, wait_seconds=0, hide_seconds=30)
        messages = [from_receive(each, LIVE) for each in raw]
        return self.consumer.consume(messages, self.deadline(seconds))

    def deadline(self, seconds: float = 120) -> Deadline:
        """Return when a batch that begins now must have ended."""
        return Deadline.after(seconds, self.context.clock)

    def process(self, key: str) -> RecordOutcome:
        """Tell the worker about a key and return what became of it."""
        self.send(self.event(key))
        (result,) = self.consume()
        return result.outcome

    def stored(self) -> dict[str, dict[str, Any]]:
        """Return every object of the variants bucket with its HEAD."""
        listed = self.clients.s3.list_objects_v2(Bucket=VARIANTS).get("Contents", [])
        return {
            each["Key"]: dict(self.clients.s3.head_object(Bucket=VARIANTS, Key=each["Key"]))
            for each in listed
        }

    def stored_names(self, key: str) -> set[str]:
        """Return the names of the objects stored for one source."""
        folder = manifest_key(key).removesuffix("manifest.json")
        return {each.removeprefix(folder) for each in self.stored() if each.startswith(folder)}

    def manifest(self, key: str) -> dict[str, Any]:
        answer = self.clients.s3.get_object(Bucket=VARIANTS, Key=manifest_key(key))
        document: dict[str, Any] = json.loads(answer["Body"].read())
        return document

    def item(self, key: str) -> dict[str, Any]:
        """Return the ledger's item as DynamoDB types it."""
        answer = self.clients.dynamodb.get_item(TableName=TABLE, Key={"key": {"S": key}})
        return dict(answer.get("Item", {}))

    def dead_letters(self) -> list[dict[str, Any]]:
        url = self.clients.sqs.get_queue_url(QueueName=DEAD)["QueueUrl"]
        answer = self.clients.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [dict(each) for each in answer.get("Messages", [])]


def with_limits(world: World, **limits: float) -> World:
    """Give the worker other limits, and return its world."""
    settings = world.context.settings
    settings = replace(settings, limits=replace(settings.limits, **limits))  # type: ignore[arg-type]
    world.context = replace(world.context, settings=settings)
    world.consumer = type(world.consumer)(world.context)
    return world


@pytest.fixture(name="make_world")
def _make_world(clients: Clients, render_pool: RenderPool) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(
        recipes: object = RECIPES, policy: WorkerPolicy = POLICY, **environment: str
    ) -> World:
        settings = read_settings(
            {
                "PIXFLEET_FLEET": "photos",
                "PIXFLEET_SOURCES_BUCKET": SOURCES,
                "PIXFLEET_VARIANTS_BUCKET": VARIANTS,
                "PIXFLEET_LEDGER_TABLE": TABLE,
                "PIXFLEET_DEAD_LETTER_QUEUE": DEAD,
                "PIXFLEET_RECIPES": "in memory",
                "PIXFLEET_QUEUE": LIVE,
                **environment,
            }
        )
        clock = SystemClock()
        calls = unbounded_calls(clock, policy.calls)
        bound = calls.within(Deadline.passed(clock))
        objects = Objects(clients.s3, bound, sources_bucket=SOURCES, variants_bucket=VARIANTS)
        context = WorkerContext(
            settings=settings,
            policy=policy,
            clock=clock,
            deadline=bound.deadline,
            objects=objects,
            ledger=Ledger(clients.dynamodb, bound, TABLE, clock),
            queues=Queues(clients.sqs, calls),
            recipes=read_recipes(recipes),
            watermarks=Watermarks(),
            render_pool=render_pool,
            uploads=ThreadPoolExecutor(4),
            upload_pace=UploadPace(clock),
            prefetch_slots=BoundedSemaphore(4),
        )
        made.append(World(clients, context, Consumer(context)))
        return made[-1]

    yield make
    for world in made:
        world.context.uploads.shutdown()


@pytest.fixture(name="world")
def _world(make_world: Callable[..., World]) -> World:
    return make_world()
