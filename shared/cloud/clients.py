"""The one place that builds AWS clients."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 3
READ_SECONDS = 10
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

    botocore does not retry, because `faults.attempt` does: two layers of retries multiply.
    """
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=connections,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    # A long poll is answered after up to 20 s, so SQS must be listened to for longer than that.
    patient = config.merge(Config(read_timeout=READ_SECONDS + 20))
    try:
        session = boto3.session.Session()
        if not session.region_name:
            raise _unusable("AWS_DEFAULT_REGION: expected a region, got nothing")
        return Clients(
            s3=session.client("s3", config=config),
            sqs=session.client("sqs", config=patient),
            dynamodb=session.client("dynamodb", config=config),
        )
    except (BotoCoreError, ValueError) as refused:
        # A profile, a region, an endpoint or a number in an AWS_* variable or an AWS file.
        raise _unusable(f"what it says of AWS: {refused}") from refused


def _unusable(problem: str) -> Misconfigured:
    return Misconfigured("The environment cannot be used", [problem])
