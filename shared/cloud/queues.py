"""SQS: sends, receives, acknowledges, delays and hides messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.cloud.calls import Calls
from shared.cloud.message_batches import (
    BATCH_POLICY,
    BATCH_SIZE,
    BatchPolicy,
    OutgoingMessage,
    RefusedMessage,
    batches,
    typed,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
MAX_VISIBILITY_SECONDS = 43_200
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Depth:
    """The approximate number of messages in a queue: SQS may be a minute behind.

    Messages `in_flight` are invisible: received and not deleted yet. Messages that are `delayed`
    were sent with a delay. With a redrive policy SQS moves a message that is received too often to
    the dead-letter queue. A message is kept for `retention_seconds`.
    """

    waiting: int
    in_flight: int
    delayed: int = 0
    has_redrive_policy: bool = False
    retention_seconds: int = 14 * 86_400

    @property
    def all(self) -> int:
        """Return the number of all messages."""
        return self.waiting + self.in_flight + self.delayed

    @property
    def is_quiet(self) -> bool:
        """Return whether there is no message."""
        return not self.all


class Queues:
    """The SQS queues, by name or by URL; the URL of a name is read once."""

    def __init__(
        self,
        sqs: "SQSClient",
        calls: Calls,
        listener: "SQSClient | None" = None,
        *,
        batch_policy: BatchPolicy = BATCH_POLICY,
    ) -> None:
        """Take a client; a worker that polls has another one whose read timeout is longer."""
        self._sqs = sqs
        self._calls = calls
        self._listener = listener or sqs
        self._batch_policy = batch_policy
        self._urls: dict[str, str] = {}
        self._lock = Lock()

    def receive(
        self, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return up to ten messages in boto3's form, after at most `wait_seconds`.

        They are invisible to others for `hide_seconds`, whatever the queue's visibility timeout.
        """
        # Not retried: the caller polls in a loop, and each receive counts against the messages.
        url = self._url(queue)
        answer = self._calls.long_poll(
            lambda: self._listener.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=BATCH_SIZE,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=hide_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["All"],
            ),
            wait_seconds=wait_seconds,
            stage="receive",
        )
        return answer.get("Messages", [])

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> int:
        """Delete up to ten messages; return how many SQS did not delete and will deliver again."""
        answer = self._calls.attempt(
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
        """Make a message visible again `seconds` from now."""
        self._calls.attempt(
            lambda: self._sqs.change_message_visibility(
                QueueUrl=self._url(queue),
                ReceiptHandle=receipt,
                VisibilityTimeout=min(seconds, MAX_VISIBILITY_SECONDS),
            ),
            stage="put_off",
        )

    def hide(self, queue: str, receipts: Sequence[str], *, seconds: int) -> Sequence[str]:
        """Make up to ten messages invisible for `seconds` from now; 0 makes them visible.

        Return the receipt handles that SQS refused, because the messages were received again or
        deleted since.
        """
        answer = self._calls.attempt(
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
        return [receipts[int(each["Id"])] for each in answer.get("Failed", [])]

    def depth(self, queue: str) -> Depth:
        """Return how many messages there are, and how the queue keeps them."""
        answer = self._calls.attempt(
            lambda: self._sqs.get_queue_attributes(
                QueueUrl=self._url(queue), AttributeNames=["All"]
            ),
            stage="depth",
        )
        attributes = answer.get("Attributes", {})
        return Depth(
            waiting=int(attributes.get("ApproximateNumberOfMessages", 0)),
            in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
            delayed=int(attributes.get("ApproximateNumberOfMessagesDelayed", 0)),
            has_redrive_policy="RedrivePolicy" in attributes,
            retention_seconds=int(attributes.get("MessageRetentionPeriod", 14 * 86_400)),
        )

    def send(self, queue: str, body: str, attributes: Mapping[str, str]) -> None:
        """Send one message with string attributes."""
        self._calls.attempt(
            lambda: self._sqs.send_message(
                QueueUrl=self._url(queue),
                MessageBody=body,
                MessageAttributes=typed(attributes),
            ),
            stage="send",
        )

    def send_delayed(
        self,
        queue: str,
        body: str,
        attributes: Mapping[str, str] | None = None,
        *,
        delay_seconds: int,
    ) -> str:
        """Send one message, which is received after `delay_seconds`; return SQS's id of it."""
        answer = self._calls.attempt(
            lambda: self._sqs.send_message(
                QueueUrl=self._url(queue),
                MessageBody=body,
                MessageAttributes=typed(attributes or {}),
                DelaySeconds=delay_seconds,
            ),
            stage="send",
        )
        return answer["MessageId"]

    def send_batch(
        self, queue: str, messages: Sequence[OutgoingMessage]
    ) -> Sequence[RefusedMessage]:
        """Send any number of messages in few calls; return those that SQS refused.

        SQS accepts or refuses each message of a call separately. A refused message is sent again,
        unless the message itself is at fault.
        """
        return [
            refused
            for batch in batches(messages, self._batch_policy.max_bytes)
            for refused in self._send_one_batch(queue, batch)
        ]

    def _send_one_batch(
        self, queue: str, batch: Sequence[OutgoingMessage]
    ) -> Sequence[RefusedMessage]:
        left = {str(at): message for at, message in enumerate(batch)}
        refused: list[RefusedMessage] = []
        temporary: list[RefusedMessage] = []
        for attempts in range(self._batch_policy.attempts):
            if attempts:
                self._calls.sleep(self._batch_policy.pause_seconds * 2**attempts)
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
        answer = self._calls.attempt(
            lambda: self._sqs.send_message_batch(
                QueueUrl=self._url(queue),
                Entries=[
                    {
                        "Id": at,
                        "MessageBody": message.body,
                        "MessageAttributes": typed(message.attributes),
                        "DelaySeconds": message.delay_seconds,
                    }
                    for at, message in messages.items()
                ],
            ),
            stage="send",
        )
        return answer.get("Failed", [])

    def _url(self, queue: str) -> str:
        if "/" in queue:  # which no name has
            return queue
        with self._lock:
            if queue not in self._urls:
                answer = self._calls.attempt(
                    lambda: self._sqs.get_queue_url(QueueName=queue), stage="queue"
                )
                self._urls[queue] = answer["QueueUrl"]
            return self._urls[queue]
