"""The one place that builds AWS clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 3
READ_SECONDS = 10
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
LONGEST_POLL_SECONDS = 20
# The longest that one call with its retries may take; `faults.attempt` keeps to it.
CALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Clients:
    """What the worker speaks to. Clients are thread-safe; sessions are not, so none is kept."""

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"


def build_clients(*, connections: int) -> Clients:
    """Return clients that share settings; `connections` bounds the open sockets of each.

    `Misconfigured` if what the environment says of AWS cannot be used.
    """
    config = _config(READ_SECONDS, connections)
    with _usable_session() as session:
        return Clients(
            s3=session.client("s3", config=config),
            sqs=session.client("sqs", config=config),
            dynamodb=session.client("dynamodb", config=config),
        )


def build_listener() -> "SQSClient":
    """Return a client for long polls, and for nothing else; raises as `build_clients` does.

    A poll is answered after up to 20 s. Every other call must fail sooner than that, or it would
    outlast CALL_SECONDS, and a client has one read timeout for all its calls.
    """
    with _usable_session() as session:
        return session.client("sqs", config=_config(LONGEST_POLL_SECONDS + READ_SECONDS, 1))


def build_announcer(topic_arn: str, *, connections: int) -> "SNSClient":
    """Return a client for one topic, in the region of its ARN; raises as `build_clients` does.

    Built only where there is a topic: the model of SNS would take its part of every cold start.
    """
    region = topic_arn.split(":")[3]
    with _usable_session() as session:
        return session.client("sns", region_name=region, config=_config(READ_SECONDS, connections))


def _config(read_seconds: int, connections: int) -> Config:
    # botocore does not retry, because `faults.attempt` does: two layers of retries multiply.
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        max_pool_connections=connections,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )


@contextmanager
def _usable_session() -> Iterator[boto3.session.Session]:
    try:
        session = boto3.session.Session()
        if not session.region_name:
            raise _unusable("AWS_DEFAULT_REGION: expected a region, got nothing")
        yield session
    except (BotoCoreError, ValueError) as refused:
        # A profile, a region, an endpoint or a number in an AWS_* variable or an AWS file.
        raise _unusable(f"what it says of AWS: {refused}") from refused


def _unusable(problem: str) -> Misconfigured:
    return Misconfigured("The environment cannot be used", [problem])
