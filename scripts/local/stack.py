"""Creates a small stack in the local AWS: buckets, queues, notifications, ledger and recipes.

It takes a second and has no function, no distribution and no alarms; `make up` applies the whole
stack with Terraform. The clients reach the local AWS only: their endpoint is on loopback, and the
real AWS refuses their keys.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from scripts.local.clients import DUMMY_KEY, NO_AWS_FILES, REGION, Clients, local_clients
from scripts.pixfleet.stack.ssm_parameter import BULK, LIVE, SCHEMA_VERSION, Lane, Stack
from shared.cloud.status_shard import STATUS_SHARD

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

STATUS_INDEX = "status_shard-updated_at"
# An S3 notification cannot leave out a prefix, so all events go to the live lane here. Messages of
# `pixfleet backfill` go to the bulk lane.
BULK_PREFIX = "bulk/"


@dataclass(frozen=True, slots=True)
class LocalStack:
    """The names of what `create_stack` has created."""

    prefix: str
    endpoint_url: str
    sources_bucket: str
    variants_bucket: str
    live_queue: str
    bulk_queue: str
    dead_letter_queue: str
    ledger_table: str
    recipes_key: str
    max_receives: int

    def document(self) -> Stack:
        """Return the document by which `pixfleet` finds the stack."""
        return Stack(
            schema=SCHEMA_VERSION,
            prefix=self.prefix,
            region=REGION,
            sources_bucket=self.sources_bucket,
            variants_bucket=self.variants_bucket,
            ledger_table=self.ledger_table,
            status_index=STATUS_INDEX,
            lanes={
                LIVE: Lane(self.live_queue),
                BULK: Lane(self.bulk_queue, prefixes=(BULK_PREFIX,)),
            },
            dead_letter_queue=self.dead_letter_queue,
            recipes=f"s3://{self.variants_bucket}/{self.recipes_key}",
            environment={
                name: value
                for name, value in self.worker_environment().items()
                if name.startswith("PIXFLEET_") and name != "PIXFLEET_QUEUE"
            },
        )

    def worker_environment(self) -> dict[str, str]:
        """Return the environment variables of a worker of this stack, without PATH."""
        return {
            "AWS_ACCESS_KEY_ID": DUMMY_KEY,
            "AWS_SECRET_ACCESS_KEY": DUMMY_KEY,
            **NO_AWS_FILES,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "NO_PROXY": "127.0.0.1,localhost",
            "PIXFLEET_FLEET": self.prefix,
            "PIXFLEET_SOURCES_BUCKET": self.sources_bucket,
            "PIXFLEET_VARIANTS_BUCKET": self.variants_bucket,
            "PIXFLEET_LEDGER_TABLE": self.ledger_table,
            "PIXFLEET_QUEUE": self.live_queue,
            "PIXFLEET_DEAD_LETTER_QUEUE": self.dead_letter_queue,
            "PIXFLEET_RECIPES": f"s3://{self.variants_bucket}/{self.recipes_key}",
            "PIXFLEET_MAX_RECEIVES": str(self.max_receives),
        }


def create_stack(
    endpoint_url: str,
    recipes: Mapping[str, object],
    *,
    prefix: str = "pixfleet",
    visibility_timeout_seconds: int = 60,
    max_receives: int = 8,
) -> LocalStack:
    """Create everything under names that begin with `prefix`.

    The recipes document is stored unchecked: `recipes_document` has checked it.
    """
    clients = local_clients(endpoint_url)
    return create_stack_with(
        clients,
        recipes,
        endpoint_url=endpoint_url,
        prefix=prefix,
        visibility_timeout_seconds=visibility_timeout_seconds,
        max_receives=max_receives,
    )


def create_stack_with(
    clients: Clients,
    recipes: Mapping[str, object],
    *,
    endpoint_url: str,
    prefix: str,
    visibility_timeout_seconds: int,
    max_receives: int,
) -> LocalStack:
    """Create everything with the given clients."""
    recipes_json = json.dumps(recipes, sort_keys=True).encode()
    stack = LocalStack(
        prefix=prefix,
        endpoint_url=endpoint_url,
        sources_bucket=f"{prefix}-sources",
        variants_bucket=f"{prefix}-variants",
        live_queue=f"{prefix}-live",
        bulk_queue=f"{prefix}-bulk",
        dead_letter_queue=f"{prefix}-dead-letter",
        ledger_table=f"{prefix}-ledger",
        recipes_key=f"_recipes/{sha256(recipes_json).hexdigest()}.json",
        max_receives=max_receives,
    )
    _create_buckets(clients.s3, stack)
    create_ledger(clients.dynamodb, stack.ledger_table)
    clients.s3.put_object(
        Bucket=stack.variants_bucket,
        Key=stack.recipes_key,
        Body=recipes_json,
        ContentType="application/json",
    )
    live_arn = _create_queues(clients.sqs, stack, visibility_timeout_seconds)
    _notify(clients.s3, stack.sources_bucket, live_arn)
    document = stack.document()
    clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )
    return stack


def _create_buckets(s3: "S3Client", stack: LocalStack) -> None:
    for bucket in (stack.sources_bucket, stack.variants_bucket):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(
        Bucket=stack.sources_bucket, VersioningConfiguration={"Status": "Enabled"}
    )


def _create_queues(sqs: "SQSClient", stack: LocalStack, visibility_timeout_seconds: int) -> str:
    """Create all queues and return the live queue's ARN."""
    dead_letter_url = sqs.create_queue(
        QueueName=stack.dead_letter_queue,
        # As in terraform/modules/queue: dead letters are kept longer than messages of a lane.
        Attributes={"MessageRetentionPeriod": str(14 * 86_400)},
    )["QueueUrl"]
    redrive = {
        "deadLetterTargetArn": _queue_arn(sqs, dead_letter_url),
        "maxReceiveCount": stack.max_receives,
    }
    attributes: dict[QueueAttributeNameType, str] = {
        "VisibilityTimeout": str(visibility_timeout_seconds),
        "RedrivePolicy": json.dumps(redrive),
    }
    live, _ = (
        sqs.create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]
        for queue in (stack.live_queue, stack.bulk_queue)
    )
    return _queue_arn(sqs, live)


def _queue_arn(sqs: "SQSClient", url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def _notify(s3: "S3Client", bucket: str, queue_arn: str) -> None:
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": "live",
                    "QueueArn": queue_arn,
                    "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                }
            ]
        },
    )


def create_serving(dynamodb: "DynamoDBClient", table: str) -> None:
    """Create the table of the renderer and of purges."""
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    dynamodb.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )


def create_ledger(dynamodb: "DynamoDBClient", table: str) -> None:
    """Create the table that terraform/modules/ledger creates, with its index."""
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "key", "AttributeType": "S"},
            {"AttributeName": STATUS_SHARD, "AttributeType": "S"},
            {"AttributeName": "updated_at", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": STATUS_INDEX,
                "KeySchema": [
                    {"AttributeName": STATUS_SHARD, "KeyType": "HASH"},
                    {"AttributeName": "updated_at", "KeyType": "RANGE"},
                ],
                # As in terraform/modules/ledger: a claim changes none of these attributes.
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["cause"]},
            }
        ],
    )
    dynamodb.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
