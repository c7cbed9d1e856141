"""Sources that are in the bucket already, and which of them were enqueued."""

import json
from collections.abc import Iterable

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.events import backfill
from tests.support.images import png

PICTURE = png((8, 8))


def put(clients: Clients, stack: LocalStack, keys: Iterable[str], data: bytes = PICTURE) -> None:
    """Put sources without sending events."""
    clients.s3.put_bucket_notification_configuration(
        Bucket=stack.sources_bucket, NotificationConfiguration={}
    )
    for key in keys:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)


def enqueued(clients: Clients, stack: LocalStack, queue: str = "") -> list[list[str]]:
    """Return the keys of each message on the bulk lane, and leave them there."""
    url = clients.sqs.get_queue_url(QueueName=queue or stack.bulk_queue)["QueueUrl"]
    found: list[list[str]] = []
    while messages := clients.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1000
    ).get("Messages"):
        bodies = [json.loads(message["Body"]) for message in messages]
        found += [[hint.key for hint in backfill.read(body)] for body in bodies]
    return found
