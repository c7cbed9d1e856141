"""What a test does to a stack's dead letters behind the command's back."""

import json

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack


class Bench:
    """What a test does to the stack behind the command's back."""

    def __init__(self, stack: LocalStack, clients: Clients) -> None:
        self.stack = stack
        self.clients = clients

    def drop(self, key: str, data: bytes) -> None:
        """Drop a source, of which S3 tells the live lane."""
        self.clients.s3.put_object(Bucket=self.stack.sources_bucket, Key=key, Body=data)

    def bury(self, body: str, **attributes: str) -> str:
        """Put a letter into the dead-letter queue and return its id."""
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

    def waiting(self, queue: str) -> tuple[int, int]:
        """Return how many messages a queue shows and how many it hides."""
        said = self.clients.sqs.get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=["All"]
        )["Attributes"]
        return (
            int(said["ApproximateNumberOfMessages"]),
            int(said["ApproximateNumberOfMessagesNotVisible"]),
        )

    @property
    def letters(self) -> tuple[int, int]:
        """Return how many dead letters are shown and how many hidden."""
        return self.waiting(self.stack.dead_letter_queue)

    def attributes_on(self, queue: str) -> list[dict[str, str]]:
        """Return the attributes of up to ten messages."""
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.url(queue), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            {name: value["StringValue"] for name, value in each["MessageAttributes"].items()}
            for each in answer.get("Messages", [])
            if "MessageAttributes" in each  # S3's test event, which begins the live lane, has none
        ]

    def url(self, queue: str) -> str:
        return self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]


def stored(bench: Bench) -> set[str]:
    """Return every key of the variants bucket."""
    listed = bench.clients.s3.list_objects_v2(Bucket=bench.stack.variants_bucket)
    return {each["Key"] for each in listed.get("Contents", [])}
