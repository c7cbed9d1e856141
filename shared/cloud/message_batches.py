"""Messages to send to SQS, and how many of them fit into one call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

# The most messages that one call receives, sends or deletes:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
BATCH_SIZE = 10


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send, with string attributes; SQS delivers it after `delay_seconds`.

    SQS delays a message by 900 s at most:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    """

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: int = 0

    @property
    def size_bytes(self) -> int:
        """Return the size that SQS counts: the body, and each attribute's name, type and value."""
        texts = [self.body]
        for name, value in self.attributes.items():
            texts += [name, "String", value]
        return sum(len(text.encode()) for text in texts)


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that SQS did not accept, and the reason that it gave."""

    message: OutgoingMessage
    reason: str


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How `send_batch` sends; the pause doubles after each attempt.

    All messages of a call together may have 1 MiB, and 256 KiB before August 2025:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    """

    max_bytes: int = 240_000
    attempts: int = 6
    pause_seconds: float = 0.1


BATCH_POLICY = BatchPolicy()


def batches(
    messages: Sequence[OutgoingMessage], max_bytes: int
) -> Iterator[Sequence[OutgoingMessage]]:
    """Yield the messages in order, as many at once as one call may have."""
    batch: list[OutgoingMessage] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == BATCH_SIZE or size + message.size_bytes > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += message.size_bytes
    if batch:
        yield batch


def typed(attributes: Mapping[str, str]) -> "dict[str, MessageAttributeValueTypeDef]":
    """Return string attributes in boto3's form."""
    return {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
