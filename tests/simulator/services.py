"""The AWS of one schedule: two buckets, four queues, two tables, a topic, a distribution."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scripts.local.stack import create_ledger, create_serving
from tests.simulator.buckets import Buckets
from tests.simulator.cloudfront import CloudFront
from tests.simulator.notifications import Change
from tests.simulator.queues import ARN, LateChange, QueueService
from tests.simulator.refusals import ACCOUNT, REGION
from tests.simulator.scheduler import MessageSignal, Scheduler
from tests.simulator.tables import Tables
from tests.simulator.topics import Topics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SOURCES, VARIANTS, DISTRIBUTION = "sources", "variants", "E2EXAMPLE"
TABLE, SERVING = "ledger", "serving"
LIVE, LARGE, DEAD, TOPIC = "live", "large", "dead", "completions"
# The functions know this queue by its URL, which is its name here.
PURGE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/purge"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:{TOPIC}"
KEYS = ("a.jpg", "b c.jpg", "d/é.jpg")

INVOCATION_SECONDS, LARGE_INVOCATION_SECONDS = 120, 240
# As Terraform derives them from the function's timeout.
LANES = {LIVE: 6 * INVOCATION_SECONDS, LARGE: 6 * LARGE_INVOCATION_SECONDS}
MAX_RECEIVES = 8
DEAD_RETENTION_SECONDS = 14 * 86_400
# Nothing older can still be cached, so the queue has neither dead letters nor a receive limit.
PURGE_RETENTION_SECONDS = 900
PURGE_VISIBILITY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Services:
    """All services that the functions call; a queue's signal announces its messages."""

    scheduler: Scheduler
    buckets: Buckets
    queues: QueueService
    tables: Tables
    topics: Topics
    cloudfront: CloudFront
    signals: Mapping[str, MessageSignal]

    def send(self, body: str, queue: str = LIVE) -> None:
        """Send a message to a queue."""
        self.queues.send_message(QueueUrl=queue, MessageBody=body)
        self.signals[queue].notify()

    def redrive(self) -> int:
        """Move every dead letter back to the lane that it came from."""
        moved = self.queues.redrive(DEAD, LIVE)
        for lane in LANES:
            self.signals[lane].notify()
        return moved


def build_services(
    scheduler: Scheduler,
    on_change: Callable[[Change], None],
    late_change: Callable[[], LateChange] = lambda: LateChange.HIDES,
) -> Services:
    """Return an AWS in which nothing has happened yet."""
    buckets, tables = Buckets(scheduler, on_change), Tables()
    queues = QueueService(scheduler, late_change)
    buckets.create_bucket(Bucket=SOURCES, versioned=True)
    buckets.create_bucket(Bucket=VARIANTS)
    queues.create_queue(
        QueueName=DEAD, Attributes={"MessageRetentionPeriod": str(DEAD_RETENTION_SECONDS)}
    )
    redrive = {"deadLetterTargetArn": ARN + DEAD, "maxReceiveCount": MAX_RECEIVES}
    for lane, seconds in LANES.items():
        queues.create_queue(
            QueueName=lane,
            Attributes={
                "VisibilityTimeout": str(seconds),
                "RedrivePolicy": json.dumps(redrive),
            },
        )
    queues.create_queue(
        QueueName=PURGE,
        Attributes={
            "MessageRetentionPeriod": str(PURGE_RETENTION_SECONDS),
            "VisibilityTimeout": str(PURGE_VISIBILITY_SECONDS),
        },
    )
    create_ledger(cast("DynamoDBClient", tables), TABLE)
    create_serving(cast("DynamoDBClient", tables), SERVING)
    topics = Topics()
    topics.create_topic(Name=TOPIC)
    signals = {queue: MessageSignal(scheduler) for queue in (*LANES, PURGE)}
    return Services(scheduler, buckets, queues, tables, topics, CloudFront(scheduler), signals)
