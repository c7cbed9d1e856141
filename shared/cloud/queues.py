"""SQS: receive, acknowledge, put off, and move to the dead-letter queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.cloud.errors import attempt, once

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

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


class Queues:
    """Queues by name; URLs are looked up once."""

    def __init__(self, sqs: "SQSClient", listener: "SQSClient | None" = None) -> None:
        """Take a client, and for a worker that polls one that waits for as long as a poll may."""
        self._sqs = sqs
        self._listener = listener or sqs
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
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            ),
            stage="send",
        )

    def send_batch(self, queue: str, bodies: Sequence[str]) -> int:
        """Send up to ten messages and return how many SQS refused to take."""
        answer = attempt(
            lambda: self._sqs.send_message_batch(
                QueueUrl=self._url(queue),
                Entries=[{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies)],
            ),
            stage="send",
        )
        return len(answer.get("Failed", []))

    def _url(self, queue: str) -> str:
        with self._lock:
            if queue not in self._urls:
                answer = attempt(lambda: self._sqs.get_queue_url(QueueName=queue), stage="queue")
                self._urls[queue] = answer["QueueUrl"]
            return self._urls[queue]
