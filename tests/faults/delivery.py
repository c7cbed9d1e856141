"""A worker whose clock the test controls, and a queue that delivers the test's messages."""

import json
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from io import BytesIO
from urllib.parse import quote_plus

from PIL import Image

from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.errors import Cause, Failure
from shared.model.keys import manifest_key
from tests.functional.conftest import LIVE, SOURCES, TABLE, TINY_NAMES, VARIANTS, World
from tests.support.fakes import FakeClock, FakeQueues, unbounded_calls
from worker.batch import Consumer, RecordResult
from worker.result import RecordOutcome
from worker.upload_pace import UploadPace

FULL_SET = {*TINY_NAMES, "manifest.json"}
MOST_DELIVERIES = 20


class ProcessDied(BaseException):
    """The process was killed: no `except Exception` may catch this."""


@dataclass
class Delivery:
    """A worker with its own clock; the test delivers the messages of its queue."""

    world: World
    clock: FakeClock
    queues: FakeQueues
    pools: list[Executor] = field(default_factory=list)

    def deliver(
        self, *bodies: str, receives: int = 1, seconds: float = 120
    ) -> tuple[RecordResult, ...]:
        """Deliver one batch; the id and receipt of a message are its index in the batch."""
        messages = [
            Message(f"m{at}", f"m{at}", body, receives, LIVE, None)
            for at, body in enumerate(bodies)
        ]
        deadline = Deadline.after(seconds, self.clock)
        return self.world.consumer.consume(messages, deadline, request_id="request-1")

    def process(self, key: str, *, receives: int = 1) -> RecordOutcome:
        """Deliver the event of a put and return the message's outcome."""
        (result,) = self.deliver(notification(key), receives=receives)
        return result.outcome

    def persist(self, body: str) -> list[RecordOutcome]:
        """Deliver one message until it is acknowledged, each time after its delay."""
        outcomes: list[RecordOutcome] = []
        for receives in range(1, MOST_DELIVERIES):
            (result,) = self.deliver(body, receives=receives)
            outcomes.append(result.outcome)
            if result.is_acknowledged:
                return outcomes
            self.clock.at += self.delayed_seconds() + 1
        raise AssertionError(f"not acknowledged after {MOST_DELIVERIES} deliveries: {outcomes}")

    def delayed_seconds(self) -> int:
        """Return the delay of the message that was delayed last."""
        return self.queues.delays[-1][2]

    def outlast_leases(self) -> None:
        """Advance the clock until every current claim has expired."""
        self.clock.at += self.world.settings.lease_seconds

    def pixels(self, key: str, name: str = "w32.webp") -> bytes:
        """Return a stored variant's bytes."""
        place = manifest_key(key).replace("manifest.json", name)
        return self.world.clients.s3.get_object(Bucket=VARIANTS, Key=place)["Body"].read()

    def colour(self, key: str, name: str = "w32.webp") -> tuple[int, ...]:
        """Return red, green and blue of a stored variant's first pixel."""
        with Image.open(BytesIO(self.pixels(key, name))) as picture:
            pixel = picture.convert("RGB").getpixel((0, 0))
        assert isinstance(pixel, tuple)
        return pixel

    def agrees(self, key: str) -> bool:
        """Return whether ledger, manifest and variants all match the current source."""
        etag = self.world.clients.s3.head_object(Bucket=SOURCES, Key=key)["ETag"].strip('"')
        item, stored = self.world.item(key), self.world.stored()
        shown = {head["Metadata"]["pixfleet-source-etag"] for head in stored.values()}
        return (
            item["status"] == {"S": "published"}
            and item["etag"] == {"S": etag}
            and "claim_token" not in item
            and self.world.manifest(key)["source"]["etag"] == etag
            and self.world.stored_names(key) == FULL_SET
            and shown == {etag}
        )

    def stop(self) -> None:
        """Stop the threads; the render children belong to all tests."""
        for pool in self.pools:
            pool.shutdown(wait=True)


def delivery_of(world: World, clock: FakeClock | None = None) -> Delivery:
    """Return a worker over the same buckets and table, with a fake clock and fake queues."""
    clock, queues, pools = clock or FakeClock(), FakeQueues(), list[Executor]()

    def pool(_name: str) -> Executor:
        pools.append(ThreadPoolExecutor(10))
        return pools[-1]

    calls = unbounded_calls(clock).within(Deadline.passed(clock))
    ledger = Ledger(world.clients.dynamodb, calls, TABLE, clock)
    context = replace(
        world.context,
        clock=clock,
        deadline=calls.deadline,
        objects=Objects(world.clients.s3, calls, sources_bucket=SOURCES, variants_bucket=VARIANTS),
        ledger=ledger,
        queues=queues,
        upload_pace=UploadPace(clock, clock.sleep),
    )
    return Delivery(World(world.clients, context, Consumer(context, pool)), clock, queues, pools)


def notification(
    key: str, event: str = "ObjectCreated:Put", *, at: str = "", **said_of_object: str
) -> str:
    """Return the body of an S3 notification, its key encoded as S3 does it."""
    record: dict[str, object] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": event,
        "s3": {
            "bucket": {"name": SOURCES},
            "object": {"key": quote_plus(key, safe="/"), **said_of_object},
        },
    }
    return json.dumps({"Records": [record | ({"eventTime": at} if at else {})]})


def cause(outcome: RecordOutcome) -> Cause | None:
    """Return why a record failed; None if it did not."""
    return outcome.cause if isinstance(outcome, Failure) else None
