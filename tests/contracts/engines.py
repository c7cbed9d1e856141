"""The three engines that stand in for AWS, behind one interface."""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
import pytest
from moto import mock_aws

from scripts.local.clients import DUMMY_KEY, local_clients
from scripts.local.stack import create_ledger, create_serving
from shared.cloud.clients import build_clients
from tests.simulator.buckets import Buckets
from tests.simulator.notifications import Change, notification, setup_event
from tests.simulator.queues import LateChange, QueueService
from tests.simulator.refusals import REGION
from tests.simulator.tables import Tables
from tests.simulator.topics import Topics
from tests.support.fakes import FakeClock
from worker.policy import CALL_LIMITS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

Seen = TypeVar("Seen")
Message = Mapping[str, Any]  # as boto3 gives it

STEP_SECONDS = 0.05
NUMBERS = itertools.count(1)


@dataclass
class Engine:
    """One AWS; names are new for each test, since some engines outlive it.

    `clock` is the worker's. Only the simulator's services use it too.
    """

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"
    sns: "SNSClient"
    clock: FakeClock = field(default_factory=FakeClock)
    # How long to wait for an asynchronous effect.
    patience_seconds: float = 3.0

    def bucket(self, *, versioned: bool = False) -> str:
        name = f"bucket-{next(NUMBERS)}"
        self.s3.create_bucket(Bucket=name)
        if versioned:
            self.s3.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name

    def queue(self, **attributes: str) -> str:
        """Return the URL of a new queue."""
        answer = self.sqs.create_queue(
            QueueName=f"queue-{next(NUMBERS)}",
            Attributes=attributes,  # type: ignore[arg-type] # names that the caller knows
        )
        return answer["QueueUrl"]

    def arn(self, queue: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def queue_with_dead(self, *, max_receives: int) -> tuple[str, str]:
        """Return the URLs of a queue without visibility timeout and its dead-letter queue."""
        dead = self.queue()
        policy = {"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": str(max_receives)}
        return self.queue(VisibilityTimeout="0", RedrivePolicy=json.dumps(policy)), dead

    def table(self) -> str:
        """Return the name of a new ledger, with its index."""
        name = f"table-{next(NUMBERS)}"
        create_ledger(self.dynamodb, name)
        return name

    def serving_table(self) -> str:
        """Return the name of a new table of the renderer and of purges."""
        name = f"serving-{next(NUMBERS)}"
        create_serving(self.dynamodb, name)
        return name

    def notified_queue(self, bucket: str) -> str:
        """Return the URL of a new queue that gets an event for every change to a bucket."""
        queue = self.queue()
        self.s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": self.arn(queue),
                        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                    }
                ]
            },
        )
        return queue

    def redrive(self, dead: str, live: str) -> None:
        self.sqs.start_message_move_task(SourceArn=self.arn(dead), DestinationArn=self.arn(live))

    def rest(self, seconds: float) -> None:
        """Let time pass for the services, in seconds."""
        time.sleep(seconds)

    def eventually(self, look: Callable[[], Seen]) -> Seen:
        """Return the first result that is not empty, or the last result."""
        for _ in range(round(self.patience_seconds / STEP_SECONDS)):
            if seen := look():
                return seen
            self.rest(STEP_SECONDS)
        return look()


class Simulator(Engine):
    """Ours, in virtual time."""

    def __init__(self, late_change: Callable[[], LateChange] = lambda: LateChange.HIDES) -> None:
        clock = FakeClock()
        self.queues = QueueService(clock, late_change)
        self.notified: dict[str, str] = {}
        super().__init__(
            s3=cast("S3Client", Buckets(clock, self._notify)),
            sqs=cast("SQSClient", self.queues),
            dynamodb=cast("DynamoDBClient", Tables()),
            sns=cast("SNSClient", Topics()),
            clock=clock,
        )

    def bucket(self, *, versioned: bool = False) -> str:
        name = f"bucket-{next(NUMBERS)}"
        cast("Buckets", self.s3).create_bucket(Bucket=name, versioned=versioned)
        return name

    def notified_queue(self, bucket: str) -> str:
        queue = self.notified[bucket] = self.queue()
        self.queues.send_message(QueueUrl=queue, MessageBody=setup_event(bucket, self.clock.now()))
        return queue

    def redrive(self, dead: str, live: str) -> None:
        self.queues.redrive(dead, live)

    def rest(self, seconds: float) -> None:
        self.clock.at += seconds

    def _notify(self, change: Change) -> None:
        if queue := self.notified.get(change.bucket):
            self.queues.send_message(QueueUrl=queue, MessageBody=notification(change))


@contextmanager
def moto_clients() -> Iterator[Engine]:
    """Give an engine whose clients speak to moto; to build them takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AWS_"):
                patch.delenv(name)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_ACCESS_KEY_ID", DUMMY_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", DUMMY_KEY)
        with mock_aws():
            clients = build_clients(CALL_LIMITS, connections=2)
            sns = boto3.client("sns")
        yield Engine(clients.s3, clients.sqs, clients.dynamodb, sns, patience_seconds=1.5)


def ministack(endpoint_url: str) -> Engine:
    """Return a MiniStack that is already running."""
    clients = local_clients(endpoint_url)
    sns = boto3.client(
        "sns",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=DUMMY_KEY,
        aws_secret_access_key=DUMMY_KEY,
    )
    return Engine(clients.s3, clients.sqs, clients.dynamodb, sns)
