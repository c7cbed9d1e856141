"""Clients of the local AWS, which reach nothing else whatever the environment says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from localstack_client.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

REGION = "us-east-1"
# Opens nothing anywhere: the local AWS takes every key, and the real one refuses this one.
ANY_KEY = "local"
OF_AWS = ("AWS_", "BOTO_")
NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of the local AWS, and of nothing else."""

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"
    ssm: "SSMClient"


def local_clients(endpoint_url: str) -> Clients:
    """Return clients of the local AWS, whatever the environment says of AWS and proxies."""
    config = Config(proxies={})
    with _nothing_of_aws():
        boto3.setup_default_session()  # localstack-client takes it; an older one knows a profile
        session = Session(
            aws_access_key_id=ANY_KEY,
            aws_secret_access_key=ANY_KEY,
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
def _nothing_of_aws() -> Iterator[None]:
    """Hide the caller's AWS variables and files: a stale profile fails, a live one misleads."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(OF_AWS)}
    os.environ.update(NO_FILES)
    try:
        yield
    finally:
        for name in NO_FILES:
            del os.environ[name]
        os.environ.update(before)
