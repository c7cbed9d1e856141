"""SQS's standard queues: visibility, receive counts, dead letters and retention, in virtual time.

Has the arguments, responses and errors of boto3's client. A queue's URL is its name.
"""
# ruff: noqa: N803 - the arguments are boto3's

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from shared.clock import Clock
from tests.simulator.queue_requests import (
    MAX_BATCH,
    Attributes,
    asked_of,
    check_entries,
    check_message,
    invalid,
)
from tests.simulator.refusals import ACCOUNT, REGION, refusal

Answer = dict[str, Any]  # botocore's shape

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
MAX_VISIBILITY_SECONDS = 43_200
MAX_DELAY_SECONDS = 900
RETENTION_SECONDS = 345_600
VISIBILITY_SECONDS = 30
MOST_IN_FLIGHT = 120_000


@dataclass(slots=True)
class Message:
    """One message; `sent_at` is when it was first sent, to whatever queue."""

    id: str
    body: str
    attributes: Attributes
    sent_at: float
    visible_at: float
    receives: int = 0
    received_at: float = 0.0
    first_received_at: float = 0.0
    dead_letter_source: str = ""

    @property
    def receipt(self) -> str:
        """Return the handle of the last receive; each receive has its own."""
        return f"{self.id}/{self.receives}"


class LateChange(Enum):
    """What SQS does about ChangeMessageVisibility once the visibility timeout has ended.

    The API reference documents the refusal `MessageNotInflight`. A test that was validated against
    AWS got 200: https://github.com/localstack/localstack/pull/9632. A recording has the message
    hidden again; the description of that pull request says that nothing happens.
    """

    REFUSED = "refused"
    IGNORED = "accepted, and nothing done"
    HIDES = "accepted, and the message hidden again"


@dataclass(slots=True)
class _Queue:
    visibility_seconds: float = VISIBILITY_SECONDS
    retention_seconds: float = RETENTION_SECONDS
    dead: str = ""
    max_receives: int = 0
    messages: dict[str, Message] = field(default_factory=dict)


class QueueService:
    """All queues; `late_change` chooses what a late change of a visibility timeout does."""

    def __init__(
        self,
        clock: Clock,
        late_change: Callable[[], LateChange] = lambda: LateChange.HIDES,
    ) -> None:
        self._clock = clock
        self._late_change = late_change
        self._queues: dict[str, _Queue] = {}
        self._sent = 0
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
        self.most_in_flight: float = MOST_IN_FLIGHT
        self.sent: Counter[str] = Counter()

    def create_queue(
        self, *, QueueName: str, Attributes: Mapping[str, str] | None = None
    ) -> Answer:
        """Create a queue; only visibility, redrive and retention are simulated."""
        given = Attributes or {}
        queue = _Queue(
            float(given.get("VisibilityTimeout", VISIBILITY_SECONDS)),
            float(given.get("MessageRetentionPeriod", RETENTION_SECONDS)),
        )
        if policy := given.get("RedrivePolicy"):
            redrive = json.loads(policy)
            queue.dead = redrive["deadLetterTargetArn"].removeprefix(ARN)
            queue.max_receives = int(redrive["maxReceiveCount"])
            self._queue("CreateQueue", queue.dead)
        self._queues[QueueName] = queue
        return {"QueueUrl": QueueName}

    def get_queue_url(self, *, QueueName: str) -> Answer:
        """Return the address of a queue."""
        self._queue("GetQueueUrl", QueueName)
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> Answer:
        """Return the ARN, which a dead-letter policy needs, and how many messages there are."""
        now = self._clock.now()
        messages = self.messages(QueueUrl)
        visible = sum(message.visible_at <= now for message in messages)
        delayed = sum(message.visible_at > now and not message.receives for message in messages)
        attributes = {
            "QueueArn": ARN + QueueUrl,
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
            "ApproximateNumberOfMessagesNotVisible": str(len(messages) - visible - delayed),
        }
        return {"Attributes": asked_of(attributes, AttributeNames)}

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        MessageAttributes: Attributes | None = None,
        DelaySeconds: int = 0,
    ) -> Answer:
        """Put a message on a queue, where it is visible after a delay."""
        queue = self._queue("SendMessage", QueueUrl)
        attributes = dict(MessageAttributes or {})
        check_message(MessageBody, attributes)
        if not 0 <= DelaySeconds <= MAX_DELAY_SECONDS:
            limit = f"DelaySeconds must be between 0 and {MAX_DELAY_SECONDS}."
            raise invalid("SendMessage", limit)
        message = self._add(queue, MessageBody, attributes)
        self.sent[QueueUrl] += 1
        message.visible_at += DelaySeconds
        return {"MessageId": message.id}

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int = 1,
        WaitTimeSeconds: int = 0,
        VisibilityTimeout: int | None = None,
        MessageSystemAttributeNames: Sequence[str] = (),
        MessageAttributeNames: Sequence[str] = (),
    ) -> Answer:
        """Return visible messages immediately; the caller decides when to poll again."""
        queue = self._queue("ReceiveMessage", QueueUrl)
        if not 1 <= MaxNumberOfMessages <= MAX_BATCH:
            raise invalid("ReceiveMessage", "MaxNumberOfMessages must be between 1 and 10.")
        self._expire(queue)
        now = self._clock.now()
        hidden = queue.visibility_seconds if VisibilityTimeout is None else VisibilityTimeout
        received: list[Answer] = []
        if len(queue.messages) > self.most_in_flight and (
            self.in_flight(QueueUrl) >= self.most_in_flight
        ):
            raise refusal("ReceiveMessage", "OverLimit", 403, "Too many messages in flight.")
        for message in list(queue.messages.values()):
            if message.visible_at > now:
                continue
            if queue.dead and message.receives >= queue.max_receives:
                self._move_to_dead_letter_queue(queue, QueueUrl, message)
                continue
            message.receives += 1
            message.received_at = now
            message.first_received_at = message.first_received_at or now
            message.visible_at = now + hidden
            received.append(_shown(message, MessageSystemAttributeNames, MessageAttributeNames))
            if len(received) == MaxNumberOfMessages:
                break
        return {"Messages": received} if received else {}

    def in_flight(self, queue: str) -> int:
        """Return how many messages are received and neither deleted nor visible again."""
        now = self._clock.now()
        return sum(each.visible_at > now and each.receives > 0 for each in self.messages(queue))

    def delete_message_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]
    ) -> Answer:
        """Delete messages by the handles of their last receives; older handles delete nothing."""
        queue = self._queue("DeleteMessageBatch", QueueUrl)
        check_entries("DeleteMessageBatch", Entries)
        done, failed = [], []
        for entry in Entries:
            name, _, receives = entry["ReceiptHandle"].rpartition("/")
            if not receives.isdecimal():
                why = "The input receipt handle is invalid."
                code = "ReceiptHandleIsInvalid"
                failed.append(
                    {"Id": entry["Id"], "SenderFault": True, "Code": code, "Message": why}
                )
                continue
            message = queue.messages.get(name)
            if message and message.receipt == entry["ReceiptHandle"]:
                del queue.messages[name]
            done.append({"Id": entry["Id"]})
        return {
            **({"Successful": done} if done else {}),
            **({"Failed": failed} if failed else {}),
        }

    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> Answer:
        """Hide a message for this long from now, at most 12 hours since its receive.

        A late change is one after the visibility timeout, also if the message was received again
        since: it may hide or show what another consumer holds.
        """
        queue = self._queue("ChangeMessageVisibility", QueueUrl)
        operation = "ChangeMessageVisibility"
        if not 0 <= VisibilityTimeout <= MAX_VISIBILITY_SECONDS:
            raise invalid(operation, f"Must be between 0 and {MAX_VISIBILITY_SECONDS}.")
        now = self._clock.now()
        message = queue.messages.get(ReceiptHandle.rpartition("/")[0])
        if message is None:
            why = "Message does not exist or is not available for visibility timeout change."
            raise invalid(operation, f"Value {ReceiptHandle} is invalid. Reason: {why}")
        if message.visible_at <= now or message.receipt != ReceiptHandle:
            late_change = self._late_change()
            if late_change is LateChange.REFUSED:
                code = "AWS.SimpleQueueService.MessageNotInflight"
                raise refusal(operation, code, 400, "The message referred to isn't in flight.")
            if late_change is LateChange.IGNORED:
                return {}
        if now + VisibilityTimeout > message.received_at + MAX_VISIBILITY_SECONDS:
            limit = f"Total VisibilityTimeout is beyond the limit [{MAX_VISIBILITY_SECONDS}]."
            raise invalid(operation, limit)
        message.visible_at = now + VisibilityTimeout
        return {}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> Answer:
        """Change up to ten visibility timeouts, each separately."""
        operation = "ChangeMessageVisibilityBatch"
        self._queue(operation, QueueUrl)
        check_entries(operation, Entries)
        done, failed = [], []
        for entry in Entries:
            try:
                self.change_message_visibility(
                    QueueUrl=QueueUrl,
                    ReceiptHandle=entry["ReceiptHandle"],
                    VisibilityTimeout=entry["VisibilityTimeout"],
                )
                done.append({"Id": entry["Id"]})
            except ClientError as refused:
                error = refused.response["Error"]
                failed.append({"Id": entry["Id"], "SenderFault": True, **error})
        return {
            **({"Successful": done} if done else {}),
            **({"Failed": failed} if failed else {}),
        }

    def redrive(self, dead: str, otherwise: str) -> int:
        """Move every dead letter to the queue that it came from, and return how many.

        That is the one that a worker wrote on it, or from which SQS moved it, or `otherwise`.
        They are new messages, with new ids, sent now and never received. Bodies and attributes
        are unchanged.
        """
        source = self._queue("StartMessageMoveTask", dead)
        self._expire(source)
        moved = list(source.messages.values())
        source.messages.clear()
        for message in moved:
            written = message.attributes.get("source_queue", {}).get("StringValue", "")
            came_from = written or message.dead_letter_source.removeprefix(ARN) or otherwise
            self._add(self._queues[came_from], message.body, message.attributes)
        return len(moved)

    def messages(self, queue: str) -> tuple[Message, ...]:
        """Return all messages of a queue, visible or not, for an oracle."""
        found = self._queue("GetQueueAttributes", queue)
        self._expire(found)
        return tuple(found.messages.values())

    def next_visible_at(self, queue: str) -> float | None:
        """Return the time at which a message can be received; None if the queue is empty."""
        return min((message.visible_at for message in self.messages(queue)), default=None)

    def _queue(self, operation: str, name: str) -> _Queue:
        if name not in self._queues:
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise refusal(operation, code, 400, "The specified queue does not exist.")
        return self._queues[name]

    def _add(self, queue: _Queue, body: str, attributes: Attributes) -> Message:
        self._sent += 1
        now = self._clock.now()
        message = Message(f"m{self._sent}", body, attributes, sent_at=now, visible_at=now)
        queue.messages[message.id] = message
        return message

    def _move_to_dead_letter_queue(self, queue: _Queue, name: str, message: Message) -> None:
        """Move a message that was received too often; it keeps its id and its age."""
        del queue.messages[message.id]
        message.visible_at = self._clock.now()
        message.dead_letter_source = ARN + name
        self._queues[queue.dead].messages[message.id] = message

    def _expire(self, queue: _Queue) -> None:
        oldest = self._clock.now() - queue.retention_seconds
        for message in list(queue.messages.values()):
            if message.sent_at <= oldest:
                del queue.messages[message.id]


def _shown(message: Message, system: Sequence[str], attributes: Sequence[str]) -> Answer:
    """Return a message as a receive returns it, with the requested attributes only."""
    shown: Answer = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
    }
    known = {
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
        "SentTimestamp": str(int(message.sent_at * 1000)),
    }
    if message.dead_letter_source:
        known["DeadLetterQueueSourceArn"] = message.dead_letter_source
    if asked := asked_of(known, system):
        shown["Attributes"] = asked
    if asked := asked_of(message.attributes, attributes):
        shown["MessageAttributes"] = asked
    return shown
