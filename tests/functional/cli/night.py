"""An AWS in this process for a night with thousands of dead letters, some services refusing.

The services are those of the simulator, by the clock of this computer. moto takes seconds for what
they do in milliseconds, and a thousand times as long for a scan of 5,000 messages.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event, Lock, Thread
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from scripts.local.stack import STATUS_INDEX, create_ledger
from scripts.pixfleet.drill.samples import samples
from scripts.pixfleet.stack.ssm_parameter import LIVE, SCHEMA_VERSION, Lane, Stack
from shared.clock import SystemClock
from shared.cloud.calls import Calls
from shared.cloud.items import Value, to_item
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.cloud.source_bucket import owner_metadata
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.events.sqs import from_receive
from shared.imaging.render_pool import RenderPool
from shared.model.recipe_reader import read_recipes
from shared.settings import read_settings
from tests.functional.conftest import RECIPES
from tests.simulator.buckets import Buckets
from tests.simulator.notifications import Change, notification
from tests.simulator.queues import ARN, QueueService
from tests.simulator.refusals import refusal
from tests.simulator.tables import Tables
from tests.support.images import jpeg, truncated_jpeg
from worker.batch import Consumer
from worker.context import WorkerContext
from worker.policy import POLICY
from worker.upload_pace import UploadPace

SOURCES, VARIANTS, TABLE, LIVE_QUEUE, DEAD = "sources", "variants", "ledger", "p-live", "p-dead"
RECIPES_KEY = "_recipes/recipes.json"
ENVIRONMENT = {
    "PIXFLEET_FLEET": "pixfleet",
    "PIXFLEET_SOURCES_BUCKET": SOURCES,
    "PIXFLEET_VARIANTS_BUCKET": VARIANTS,
    "PIXFLEET_LEDGER_TABLE": TABLE,
    "PIXFLEET_DEAD_LETTER_QUEUE": DEAD,
    "PIXFLEET_RECIPES": f"s3://{VARIANTS}/{RECIPES_KEY}",
    "PIXFLEET_MAX_RECEIVES": "8",
}
STACK = Stack(
    schema=SCHEMA_VERSION,
    prefix="pixfleet",
    region="eu-west-1",
    sources_bucket=SOURCES,
    variants_bucket=VARIANTS,
    ledger_table=TABLE,
    status_index=STATUS_INDEX,
    lanes={LIVE: Lane(LIVE_QUEUE)},
    dead_letter_queue=DEAD,
    recipes=f"s3://{VARIANTS}/{RECIPES_KEY}",
    environment=ENVIRONMENT,
)
BOMB = next(each.data for each in samples() if each.name == "bomb.png")
OWNER = "anna@example.org"
# What is stored for the dead letters of each cause: what a trial finds there now.
FILES: Mapping[str, bytes] = {
    "truncated": truncated_jpeg(),
    "not_an_image": b"not an image at all",
    "too_many_pixels": BOMB,
    "access_denied": jpeg(),
    "throttled": jpeg(),
    "-": jpeg(),
}
REJECTED = ("truncated", "not_an_image", "too_many_pixels")


class Refusals:
    """Which calls of the command line are refused now; workers are not struck."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self.left: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self._lock = Lock()

    def check(self, service: str, operation: str) -> None:
        """Raise what AWS answers while it refuses the calls of a service."""
        with self._lock:
            is_refused = service in self.refused or self.left[service] > 0
            if not is_refused:
                return
            self.left[service] -= 1
            self.struck[service] += 1
        code = self.refused.get(service, "ProvisionedThroughputExceededException")
        raise refusal(operation, code, 400, f"{operation} was refused.")

    @contextmanager
    def refusing(self, service: str, code: str) -> Iterator[None]:
        """Refuse all calls of a service while the block runs."""
        self.refused[service] = code
        try:
            yield
        finally:
            del self.refused[service]


class SimulatedClient:
    """A client of boto3 as the command line uses it."""

    def __init__(self, service: str, backend: object, refusals: Refusals) -> None:
        self._service = service
        self._backend = backend
        self._refusals = refusals
        self.meta = SimpleNamespace(
            region_name=STACK.region,
            endpoint_url=f"https://{service}.eu-west-1.amazonaws.com",
            # Nothing is parsed, so no hook is called.
            events=SimpleNamespace(register=lambda *_, **__: None),
        )
        names = ("NoSuchKey", "ParameterNotFound")
        self.exceptions = SimpleNamespace(**dict.fromkeys(names, ClientError))

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:  # noqa: ANN401 - boto3's
            self._refusals.check(self._service, operation)
            return getattr(self._backend, operation)(**arguments)

        return call

    def get_paginator(self, operation: str) -> SimpleNamespace:
        """Return a paginator, whose pages all come at once."""
        return SimpleNamespace(
            paginate=lambda **arguments: [getattr(self, operation)(**arguments)]
        )


class NightBuckets(Buckets):
    """S3 with what the command line lists beside the worker."""

    def list_objects_v2(self, *, Delimiter: str = "", **asked: Any) -> dict[str, Any]:  # noqa: ANN401, N803
        """Return all objects, or with a delimiter the folders only."""
        answer = super().list_objects_v2(**{"MaxKeys": 100_000, **asked})
        if not Delimiter:
            return answer
        prefix = asked.get("Prefix", "")
        keys = (each["Key"].removeprefix(prefix) for each in answer.get("Contents", []))
        folders = dict.fromkeys(f"{prefix}{key.split(Delimiter)[0]}/" for key in keys)
        return {"CommonPrefixes": [{"Prefix": folder} for folder in folders]}


class NightTables(Tables):
    """DynamoDB with what the command line reads in bulk."""

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Return the items of some keys."""
        found: dict[str, list[Any]] = {}
        for table, asked in RequestItems.items():
            answers = (self.get_item(TableName=table, Key=key) for key in asked["Keys"])
            found[table] = [answer["Item"] for answer in answers if answer]
        return {"Responses": found, "UnprocessedKeys": {}}


@dataclass
class Night:
    """The stack of one night; `keys` are those of the dead letters, by cause."""

    refusals: Refusals = field(default_factory=Refusals)
    keys: dict[str, list[str]] = field(default_factory=dict)
    is_quiet: bool = True
    # As a session of boto3 has it.
    region_name: str = STACK.region

    def __post_init__(self) -> None:
        clock = SystemClock()
        self.queues = QueueService(clock)
        self.tables = NightTables()
        self.buckets = NightBuckets(clock, self._changed)
        self.buckets.create_bucket(Bucket=SOURCES, versioned=True)
        self.buckets.create_bucket(Bucket=VARIANTS)
        self.queues.create_queue(
            QueueName=DEAD, Attributes={"MessageRetentionPeriod": str(14 * 86_400)}
        )
        policy = {"deadLetterTargetArn": ARN + DEAD, "maxReceiveCount": 8}
        self.queues.create_queue(
            QueueName=LIVE_QUEUE, Attributes={"RedrivePolicy": json.dumps(policy)}
        )
        create_ledger(cast("Any", self.tables), TABLE)
        recipes = json.dumps(RECIPES).encode()
        self.buckets.put_object(Bucket=VARIANTS, Key=RECIPES_KEY, Body=recipes)

    def client(self, service: str, **_options: object) -> SimulatedClient:
        """Return a client, as a session of boto3 does."""
        backends: Mapping[str, object] = {
            "s3": self.buckets,
            "sqs": self.queues,
            "dynamodb": self.tables,
            "ssm": SimpleNamespace(
                get_parameter=lambda **_: {"Parameter": {"Value": STACK.document()}}
            ),
        }
        return SimulatedClient(service, backends.get(service), self.refusals)

    def fill(self, counts: Mapping[str, int]) -> None:
        """Put dead letters of each cause into the queue, their sources and ledger entries."""
        metadata = owner_metadata(OWNER)
        for cause, count in counts.items():
            self.keys[cause] = [f"{cause}/{number:04}.jpg" for number in range(count)]
            for key in self.keys[cause]:
                self.buckets.put_object(
                    Bucket=SOURCES, Key=key, Body=FILES[cause], Metadata=metadata
                )
                self._add_dead_letter(key, cause)
                if cause in REJECTED:
                    self._reject(key, cause)
        self.is_quiet = False

    def dead_letters(self) -> tuple[int, int]:
        """Return how many dead letters there are, and how many of them are invisible."""
        now = SystemClock().now()
        messages = self.queues.messages(DEAD)
        return len(messages), sum(message.visible_at > now for message in messages)

    @contextmanager
    def colleague_holds(self, count: int) -> Iterator[Callable[[], None]]:
        """Hold messages of the dead-letter queue while the block runs, as another scan does.

        The function that is yielded releases them before.
        """
        handles: list[str] = []
        while len(handles) < count:
            received = self.queues.receive_message(
                QueueUrl=DEAD, MaxNumberOfMessages=10, VisibilityTimeout=600
            )
            handles += [each["ReceiptHandle"] for each in received["Messages"]]

        def release() -> None:
            while handles:
                self.queues.change_message_visibility(
                    QueueUrl=DEAD, ReceiptHandle=handles.pop(), VisibilityTimeout=0
                )

        try:
            yield release
        finally:
            release()

    @contextmanager
    def at_work(self, render_pool: RenderPool) -> Iterator[None]:
        """Let a worker process the live queue while the block runs."""
        stop = Event()
        context = self._worker(render_pool)
        thread = Thread(target=self._work, args=(context, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            context.uploads.shutdown()

    def _work(self, context: WorkerContext, stop: Event) -> None:
        consumer = Consumer(context)
        while not stop.wait(0.02):
            while raw := context.queues.receive(LIVE_QUEUE, wait_seconds=0, hide_seconds=60):
                messages = [from_receive(each, LIVE_QUEUE) for each in raw]
                results = consumer.consume(messages, Deadline.after(120, context.clock))
                done = {each.message_id for each in results if each.is_acknowledged}
                handles = [each.receipt_handle for each in messages if each.id in done]
                context.queues.acknowledge(LIVE_QUEUE, handles)

    def _worker(self, render_pool: RenderPool) -> WorkerContext:
        clock, never_refused = SystemClock(), Refusals()

        def client(service: str, backend: object) -> Any:  # noqa: ANN401 - boto3's
            return SimulatedClient(service, backend, never_refused)

        unbounded = Calls(POLICY.calls, Deadline.never(clock))
        calls = unbounded.within(Deadline.passed(clock))
        s3 = client("s3", self.buckets)
        return WorkerContext(
            settings=read_settings(ENVIRONMENT),
            policy=POLICY,
            clock=clock,
            deadline=calls.deadline,
            objects=Objects(s3, calls, sources_bucket=SOURCES, variants_bucket=VARIANTS),
            ledger=Ledger(client("dynamodb", self.tables), calls, TABLE, clock),
            queues=Queues(client("sqs", self.queues), unbounded),
            recipes=read_recipes(RECIPES),
            watermarks=Watermarks(),
            render_pool=render_pool,
            uploads=ThreadPoolExecutor(4),
            upload_pace=UploadPace(clock),
            prefetch_slots=BoundedSemaphore(3),
        )

    def _changed(self, change: Change) -> None:
        if change.bucket == SOURCES and not self.is_quiet:
            self.queues.send_message(QueueUrl=LIVE_QUEUE, MessageBody=notification(change))

    def _add_dead_letter(self, key: str, cause: str) -> None:
        change = Change("ObjectCreated:Put", SOURCES, key, "01", SystemClock().now())
        attributes = {} if cause == "-" else {"cause": cause, "key": key, "stage": "render"}
        self.queues.send_message(
            QueueUrl=DEAD,
            MessageBody=notification(change),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )

    def _reject(self, key: str, cause: str) -> None:
        item: dict[str, Value] = {
            "key": key,
            "schema": 1,
            "status": "rejected",
            "cause": cause,
            "detail": "Expected more, got less.",
            STATUS_SHARD: status_shard("rejected", key),
            "updated_at": SystemClock().now(),
        }
        self.tables.put_item(TableName=TABLE, Item=to_item(item))


def objects_left(night: Night, beginnings: Sequence[str]) -> list[str]:
    """Return every object whose key has one of these texts in it, in both buckets."""
    return [
        key
        for bucket in (SOURCES, VARIANTS)
        for key in night.buckets.objects(bucket)
        if any(beginning in key for beginning in beginnings)
    ]
