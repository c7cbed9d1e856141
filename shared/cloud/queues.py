"""SQS: receive, acknowledge, put off, and move to the dead-letter queue."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.cloud.errors import attempt, once

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

BATCH_SIZE = 10
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
MAX_VISIBILITY_SECONDS = 43_200


@dataclass(frozen=True, slots=True)
class Depth:
    """What a queue says of itself, approximately: SQS may be a minute behind.

    `in_flight` are in somebody's hands, or put off; `delayed` were sent to be received later.
    `has_redrive_policy` says that receives are counted against its messages;
    it keeps a message for `retention_seconds`.
    """

    waiting: int
    in_flight: int
    delayed: int = 0
    has_redrive_policy: bool = False
    retention_seconds: int = 14 * 86_400

    @property
    def all(self) -> int:
        """Return how many it holds in all."""
        return self.waiting + self.in_flight + self.delayed

    @property
    def is_quiet(self) -> bool:
        """Say whether nothing is there."""
        return not self.all


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send, with string attributes."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)

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


class Queues:
    """Queues by name; URLs are looked up once."""

    def __init__(
        self,
        sqs: "SQSClient",
        listener: "SQSClient | None" = None,
        *,
        batch_policy: BatchPolicy = BatchPolicy(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take a client, and for a worker that polls one that waits for as long as a poll may."""
        self._sqs = sqs
        self._listener = listener or sqs
        self._batch_policy = batch_policy
        self._sleep = sleep
        self._urls: dict[str, str] = {}
        self._lock = Lock()

    def receive(
        self, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return up to ten messages as boto3 gives them, after at most `wait_seconds`.

        `hide_seconds` is for how long nobody else gets them, whatever the queue's own setting.
        """
        # Not retried: the caller polls in a loop anyway, and a repeated receive costs receives.
        url = self._url(queue)
        answer = once(
            lambda: self._listener.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=BATCH_SIZE,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=hide_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["All"],
            ),
            stage="receive",
        )
        return answer.get("Messages", [])

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> int:
        """Delete up to ten messages and return how many SQS refused to; those will come again."""
        answer = attempt(
            lambda: self._sqs.delete_message_batch(
                QueueUrl=self._url(queue),
                Entries=[
                    {"Id": str(at), "ReceiptHandle": receipt}
                    for at, receipt in enumerate(receipts)
                ],
            ),
            stage="acknowledge",
        )
        return len(answer.get("Failed", []))

    def delay(self, queue: str, receipt: str, *, seconds: int) -> None:
        """Let a message come back after this long, counted from now."""
        attempt(
            lambda: self._sqs.change_message_visibility(
                QueueUrl=self._url(queue),
                ReceiptHandle=receipt,
                VisibilityTimeout=min(seconds, MAX_VISIBILITY_SECONDS),
            ),
            stage="put_off",
        )

    def hide(self, queue: str, receipts: Sequence[str], *, seconds: int) -> int:
        """Hide up to ten messages for so long from now; 0 shows them to everybody again.

        Return how many SQS refused: those that somebody else has received since, or deleted.
        """
        answer = attempt(
            lambda: self._sqs.change_message_visibility_batch(
                QueueUrl=self._url(queue),
                Entries=[
                    {
                        "Id": str(at),
                        "ReceiptHandle": receipt,
                        "VisibilityTimeout": min(seconds, MAX_VISIBILITY_SECONDS),
                    }
                    for at, receipt in enumerate(receipts)
                ],
            ),
            stage="hide",
        )
        return len(answer.get("Failed", []))

    def depth(self, queue: str) -> Depth:
        """Return how much there is, and what else a sweep has to know."""
        answer = attempt(
            lambda: self._sqs.get_queue_attributes(
                QueueUrl=self._url(queue), AttributeNames=["All"]
            ),
            stage="depth",
        )
        said = answer.get("Attributes", {})
        return Depth(
            waiting=int(said.get("ApproximateNumberOfMessages", 0)),
            in_flight=int(said.get("ApproximateNumberOfMessagesNotVisible", 0)),
            delayed=int(said.get("ApproximateNumberOfMessagesDelayed", 0)),
            has_redrive_policy="RedrivePolicy" in said,
            retention_seconds=int(said.get("MessageRetentionPeriod", 14 * 86_400)),
        )

    def send(self, queue: str, body: str, attributes: Mapping[str, str]) -> None:
        """Send one message with string attributes."""
        attempt(
            lambda: self._sqs.send_message(
                QueueUrl=self._url(queue),
                MessageBody=body,
                MessageAttributes=_typed(attributes),
            ),
            stage="send",
        )

    def send_batch(
        self, queue: str, messages: Sequence[OutgoingMessage]
    ) -> Sequence[RefusedMessage]:
        """Send any number of messages in few calls; return those that SQS refused.

        SQS accepts or refuses each message of a call separately. A refused message is sent again,
        unless the message itself is at fault.
        """
        batches = _batches(messages, self._batch_policy.max_bytes)
        return [refused for batch in batches for refused in self._send_one_batch(queue, batch)]

    def _send_one_batch(
        self, queue: str, batch: Sequence[OutgoingMessage]
    ) -> Sequence[RefusedMessage]:
        left = {str(at): message for at, message in enumerate(batch)}
        refused: list[RefusedMessage] = []
        temporary: list[RefusedMessage] = []
        for attempts in range(self._batch_policy.attempts):
            if attempts:
                self._sleep(self._batch_policy.pause_seconds * 2**attempts)
            failed = self._send_entries(queue, left)
            reasons = {each["Id"]: each.get("Message", each["Code"]) for each in failed}
            final = {each["Id"] for each in failed if each.get("SenderFault")}
            refused += [RefusedMessage(left[at], reasons[at]) for at in reasons if at in final]
            left = {at: left[at] for at in reasons if at not in final}
            temporary = [RefusedMessage(message, reasons[at]) for at, message in left.items()]
            if not left:
                break
        return refused + temporary

    def _send_entries(self, queue: str, messages: Mapping[str, OutgoingMessage]) -> Any:  # noqa: ANN401 - boto3's shape
        answer = attempt(
            lambda: self._sqs.send_message_batch(
                QueueUrl=self._url(queue),
                Entries=[
                    {
                        "Id": at,
                        "MessageBody": message.body,
                        "MessageAttributes": _typed(message.attributes),
                    }
                    for at, message in messages.items()
                ],
            ),
            stage="send",
        )
        return answer.get("Failed", [])

    def _url(self, queue: str) -> str:
        with self._lock:
            if queue not in self._urls:
                answer = attempt(lambda: self._sqs.get_queue_url(QueueName=queue), stage="queue")
                self._urls[queue] = answer["QueueUrl"]
            return self._urls[queue]


def _typed(attributes: Mapping[str, str]) -> "dict[str, MessageAttributeValueTypeDef]":
    return {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }


def _batches(
    messages: Sequence[OutgoingMessage], max_bytes: int
) -> Iterator[Sequence[OutgoingMessage]]:
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
