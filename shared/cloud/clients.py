"""The one place that builds AWS clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from shared.cloud.calls import CallLimits
from shared.cloud.connections import bound_connections
from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
LONGEST_POLL_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Clients:
    """The AWS clients of one worker, which are thread-safe."""

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"


@dataclass(frozen=True, slots=True)
class PurgeClients:
    """The AWS clients of the purge function."""

    cloudfront: "CloudFrontClient"
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"


@dataclass(frozen=True, slots=True)
class ServingClients:
    """The AWS clients of a renderer, which are thread-safe."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"


def open_session() -> "Session":
    """Return a session for the environment's AWS settings.

    The clients of one session share what botocore reads from its data: another client of the same
    service, or a small one, takes 5 ms of CPU instead of 45. Sessions are not thread-safe.
    Raises `Misconfigured` if the settings are invalid.
    """
    with _checked_settings():
        session = boto3.session.Session()
    if not session.region_name:
        raise _unusable("AWS_DEFAULT_REGION: expected a region, got nothing")
    return session


def build_clients(
    limits: CallLimits, *, connections: int, session: "Session | None" = None
) -> Clients:
    """Return clients that share settings; `connections` bounds the open sockets of each.

    Without a session they get a new one. Raises `Misconfigured` if the AWS settings in the
    environment are invalid.
    """
    session = session or open_session()
    config = _config(limits.connect_seconds, limits.read_seconds, connections)
    with _checked_settings():
        clients = Clients(
            s3=session.client("s3", config=config),
            sqs=session.client("sqs", config=config),
            dynamodb=session.client("dynamodb", config=config),
        )
    for client in (clients.s3, clients.sqs, clients.dynamodb):
        bound_connections(client)
    return clients


def build_serving_clients(limits: CallLimits, *, connections: int) -> ServingClients:
    """Return the clients of a renderer; raises as `build_clients` does.

    Without a client of SQS, whose model takes time to load in a cold start.
    """
    session = open_session()
    config = _config(limits.connect_seconds, limits.read_seconds, connections)
    with _checked_settings():
        clients = ServingClients(
            s3=session.client("s3", config=config),
            dynamodb=session.client("dynamodb", config=config),
        )
    for client in (clients.s3, clients.dynamodb):
        bound_connections(client)
    return clients


def build_listener(limits: CallLimits, *, session: "Session | None" = None) -> "SQSClient":
    """Return a client for long polls only; raises as `build_clients` does.

    SQS answers a long poll after up to 20 s. Every other call must fail sooner, or it would
    outlast its limit, and a client has one read timeout for all its calls.
    """
    session = session or open_session()
    read_seconds = LONGEST_POLL_SECONDS + limits.read_seconds
    with _checked_settings():
        sqs = session.client("sqs", config=_config(limits.connect_seconds, read_seconds, 1))
    bound_connections(sqs)
    return sqs


def build_announcer(
    limits: CallLimits, topic_arn: str, *, connections: int, session: "Session | None" = None
) -> "SNSClient":
    """Return a client for one topic, in the region of its ARN; raises as `build_clients` does.

    Built only where a topic is configured: loading botocore's model of SNS lengthens a cold start.
    """
    session = session or open_session()
    config = _config(limits.connect_seconds, limits.read_seconds, connections)
    with _checked_settings():
        sns = session.client("sns", region_name=topic_arn.split(":")[3], config=config)
    bound_connections(sns)
    return sns


def build_purge_clients(limits: CallLimits, *, session: "Session | None" = None) -> PurgeClients:
    """Return the clients of the purge function; raises as `build_clients` does."""
    session = session or open_session()
    config = _config(limits.connect_seconds, limits.read_seconds, connections=2)
    with _checked_settings():
        clients = PurgeClients(
            cloudfront=session.client("cloudfront", config=config),
            dynamodb=session.client("dynamodb", config=config),
            sqs=session.client("sqs", config=config),
        )
    for client in (clients.cloudfront, clients.dynamodb, clients.sqs):
        bound_connections(client)
    return clients


def build_presigning_client(
    limits: CallLimits, *, session: "Session", endpoint_url: str
) -> "S3Client":
    """Return a client that signs requests for others to send; raises as `build_clients` does.

    `endpoint_url` is the endpoint of an ordinary client: that of AWS, or of a local AWS.

    It signs by version 4, for the region's own endpoint: an older signature covers no headers, and
    a new bucket's global endpoint redirects, which no browser follows across origins. It adds no
    checksum of its own, which would be that of the empty body at the time of signing:
    https://docs.aws.amazon.com/boto3/latest/guide/s3-presigned-urls.html
    """
    with _checked_settings():
        # A bucket's name in the host name needs a name server that knows all buckets.
        style: Literal["virtual", "path"] = "virtual" if _is_of_aws(endpoint_url) else "path"
        config = _config(limits.connect_seconds, limits.read_seconds, 1).merge(
            Config(
                signature_version="s3v4",
                request_checksum_calculation="when_required",
                s3={"addressing_style": style},
            )
        )
        return session.client("s3", config=config)


def _is_of_aws(url: str) -> bool:
    return ".amazonaws.com" in (urlsplit(url).hostname or "")


def _config(connect_seconds: float, read_seconds: float, connections: int) -> Config:
    # botocore does not retry, because `Calls.attempt` does: two layers of retries multiply.
    return Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        max_pool_connections=connections,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )


@contextmanager
def _checked_settings() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ValueError) as refused:
        # An invalid profile, region, endpoint or number in an AWS_* variable or in an AWS file.
        raise _unusable(f"what it says of AWS: {refused}") from refused


def _unusable(problem: str) -> Misconfigured:
    return Misconfigured("The environment cannot be used", [problem])
