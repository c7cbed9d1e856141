"""Clients that reach the local AWS only, whatever the environment variables are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from localstack_client.session import Session

from shared.clock import SystemClock
from shared.cloud.calls import CallLimits, Calls
from shared.deadline import Deadline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

REGION = "us-east-1"
CALL_LIMITS = CallLimits(connect_seconds=60, read_seconds=60, attempts=4, call_seconds=180.0)
# The local AWS accepts every key; the real AWS refuses this one.
DUMMY_KEY = "local"
AWS_PREFIXES = ("AWS_", "BOTO_")
NO_AWS_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of the local AWS."""

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"
    ssm: "SSMClient"

    @property
    def calls(self) -> Calls:
        """Return how the adapters of `shared.cloud` call the local AWS: without a deadline."""
        return Calls(CALL_LIMITS, Deadline.never(SystemClock()))


def local_clients(endpoint_url: str) -> Clients:
    """Return clients of the local AWS; AWS and proxy settings of the environment are ignored."""
    config = Config(proxies={})
    with _without_aws_settings():
        boto3.setup_default_session()  # localstack-client uses it; an older one may have a profile
        session = Session(
            aws_access_key_id=DUMMY_KEY,
            aws_secret_access_key=DUMMY_KEY,
            region_name=REGION,
            localstack_host=endpoint_url.removeprefix("http://"),
        )
        return Clients(
            s3=session.client("s3", config=config),
            sqs=session.client("sqs", config=config),
            dynamodb=session.client("dynamodb", config=config),
            ssm=session.client("ssm", config=config),
        )


@contextmanager
def _without_aws_settings() -> Iterator[None]:
    """Hide the caller's AWS variables and files, since boto3 reads profiles and regions there."""
    names = [name for name in os.environ if name.startswith(AWS_PREFIXES)]
    before = {name: os.environ.pop(name) for name in names}
    os.environ.update(NO_AWS_FILES)
    try:
        yield
    finally:
        for name in NO_AWS_FILES:
            del os.environ[name]
        os.environ.update(before)
