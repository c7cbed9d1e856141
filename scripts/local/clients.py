"""Clients of the local AWS, which reach nothing else whatever the environment says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.config import Config
from localstack_client.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
# Opens nothing anywhere: the local AWS takes every key, and the real one refuses this one.
ANY_KEY = "local"


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of the local AWS, and of nothing else."""

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"


def local_clients(endpoint_url: str) -> Clients:
    """Return clients of the local AWS, whatever the environment says of AWS and proxies."""
    with _without("AWS_ENDPOINT_URL"):  # localstack-client prefers it to its argument
        session = Session(
            aws_access_key_id=ANY_KEY,
            aws_secret_access_key=ANY_KEY,
            region_name=REGION,
            localstack_host=endpoint_url.removeprefix("http://"),
        )
    config = Config(proxies={})
    return Clients(
        s3=session.client("s3", config=config),
        sqs=session.client("sqs", config=config),
        dynamodb=session.client("dynamodb", config=config),
    )


@contextmanager
def _without(variable: str) -> Iterator[None]:
    before = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if before is not None:
            os.environ[variable] = before
