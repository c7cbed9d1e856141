"""The AWS of one schedule: two buckets, two queues, one table, one topic."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scripts.local.stack import create_ledger
from tests.simulator.buckets import Buckets
from tests.simulator.notifications import Change
from tests.simulator.queues import ARN, LateChange, QueueService
from tests.simulator.refusals import ACCOUNT, REGION
from tests.simulator.scheduler import MessageSignal, Scheduler
from tests.simulator.tables import Tables
from tests.simulator.topics import Topics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SOURCES, VARIANTS, TABLE = "sources", "variants", "ledger"
LIVE, DEAD, TOPIC = "live", "dead", "completions"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:{TOPIC}"
KEYS = ("a.jpg", "b c.jpg", "d/é.jpg")

INVOCATION_SECONDS = 120
# As Terraform derives them from the function's timeout.
VISIBILITY_SECONDS = 6 * INVOCATION_SECONDS
MAX_RECEIVES = 8
DEAD_RETENTION_SECONDS = 14 * 86_400


@dataclass(frozen=True, slots=True)
class Services:
    """All services that a worker calls; `message_signal` announces messages on the live queue."""

    scheduler: Scheduler
    buckets: Buckets
    queues: QueueService
    tables: Tables
    topics: Topics
    message_signal: MessageSignal

    def send(self, body: str) -> None:
        """Send a message to the live queue."""
        self.queues.send_message(QueueUrl=LIVE, MessageBody=body)
        self.message_signal.notify()

    def redrive(self) -> int:
        """Move every dead letter back to the live queue."""
        moved = self.queues.redrive(DEAD, LIVE)
        self.message_signal.notify()
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
    queues.create_queue(
        QueueName=LIVE,
        Attributes={
            "VisibilityTimeout": str(VISIBILITY_SECONDS),
            "RedrivePolicy": json.dumps(redrive),
        },
    )
    create_ledger(cast("DynamoDBClient", tables), TABLE)
    topics = Topics()
    topics.create_topic(Name=TOPIC)
    return Services(scheduler, buckets, queues, tables, topics, MessageSignal(scheduler))
