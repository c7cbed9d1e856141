"""What a test does to a stack directly, without the `pixfleet` command."""

import json

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack


class DirectAccess:
    """The queues and buckets of a stack in moto."""

    def __init__(self, stack: LocalStack, clients: Clients) -> None:
        self.stack = stack
        self.clients = clients

    def drop(self, key: str, data: bytes) -> None:
        """Store a source; S3 notifies the live lane."""
        self.clients.s3.put_object(Bucket=self.stack.sources_bucket, Key=key, Body=data)

    def add_dead_letter(self, body: str, **attributes: str) -> str:
        """Put a message into the dead-letter queue and return its id."""
        return self.clients.sqs.send_message(
            QueueUrl=self.url(self.stack.dead_letter_queue),
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text}
                for name, text in attributes.items()
            },
        )["MessageId"]

    def event(self, key: str) -> str:
        """Return the body of an S3 notification; the key must need no encoding."""
        bucket = {"name": self.stack.sources_bucket}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": bucket, "object": {"key": key}},
        }
        return json.dumps({"Records": [record]})

    def depth(self, queue: str) -> tuple[int, int]:
        """Return how many messages of a queue are visible and how many are not."""
        attributes = self.clients.sqs.get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=["All"]
        )["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    @property
    def dead_letters(self) -> tuple[int, int]:
        """Return how many dead letters are visible and how many are not."""
        return self.depth(self.stack.dead_letter_queue)

    def attributes_on(self, queue: str) -> list[dict[str, str]]:
        """Return the attributes of up to ten messages."""
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.url(queue), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            {name: value["StringValue"] for name, value in each["MessageAttributes"].items()}
            for each in answer.get("Messages", [])
            if "MessageAttributes" in each  # S3's test event on the live lane has none
        ]

    def url(self, queue: str) -> str:
        return self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]


def stored_keys(aws: DirectAccess) -> set[str]:
    """Return every key of the variants bucket."""
    listed = aws.clients.s3.list_objects_v2(Bucket=aws.stack.variants_bucket)
    return {each["Key"] for each in listed.get("Contents", [])}
