"""A dead-letter queue with thousands of messages: moto takes minutes for so many."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

import pytest

from scripts.pixfleet.stack.clients import AwsClients

METHODS = (
    "get_queue_url",
    "get_queue_attributes",
    "receive_message",
    "change_message_visibility_batch",
    "delete_message_batch",
)


@dataclass
class ManyDeadLetters:
    """The methods of boto3's client that a scan calls; `calls` names them.

    The messages are of the cause `corrupt`, each of a key of its own, with a body of `body_bytes`.
    """

    total: int
    body_bytes: int = 1_000
    calls: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.visible = deque(f"{number:08}" for number in range(self.total))

    def replace(self, clients: AwsClients, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer instead of SQS."""
        for name in METHODS:
            monkeypatch.setattr(clients.sqs, name, getattr(self, name))

    def get_queue_url(self, *, QueueName: str) -> Mapping[str, str]:  # noqa: N803 - boto3's
        """Return a URL."""
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def get_queue_attributes(self, **_: object) -> Mapping[str, Any]:
        """Return how many messages are visible, and how many are not."""
        self.calls.append("get_queue_attributes")
        with self._lock:
            visible, hidden = len(self.visible), len(self.hidden)
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(hidden),
                "ApproximateNumberOfMessagesDelayed": "0",
            }
        }

    def receive_message(self, **_: object) -> Mapping[str, Any]:
        """Hide ten messages and return them."""
        self.calls.append("receive_message")
        with self._lock:
            taken = [self.visible.popleft() for _ in range(min(10, len(self.visible)))]
            receipts = {f"receipt-{next(self._numbers)}": each for each in taken}
            self.hidden |= receipts
        return {"Messages": [self._message(name, receipt) for receipt, name in receipts.items()]}

    def change_message_visibility_batch(
        self,
        *,
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803 - boto3's
        **_: object,
    ) -> Mapping[str, Any]:
        """Make messages visible again, as a scan does at its end."""
        self.calls.append("change_message_visibility_batch")
        with self._lock:
            for each in Entries:
                if each["VisibilityTimeout"] == 0:
                    self.visible.append(self.hidden.pop(each["ReceiptHandle"]))
        return {"Successful": [{"Id": each["Id"]} for each in Entries]}

    def delete_message_batch(
        self,
        *,
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803 - boto3's
        **_: object,
    ) -> Mapping[str, Any]:
        """Delete messages."""
        self.calls.append("delete_message_batch")
        with self._lock:
            self.deleted |= {self.hidden.pop(each["ReceiptHandle"]) for each in Entries}
        return {"Successful": [{"Id": each["Id"]} for each in Entries]}

    def _message(self, name: str, receipt: str) -> Mapping[str, Any]:
        attributes = {"cause": "corrupt", "key": f"photos/{name}.jpg", "detail": "no scan"}
        return {
            "MessageId": name,
            "ReceiptHandle": receipt,
            "Body": " " * self.body_bytes,
            "Attributes": {"SentTimestamp": "1700000000000", "ApproximateReceiveCount": "1"},
            "MessageAttributes": {
                each: {"DataType": "String", "StringValue": text}
                for each, text in attributes.items()
            },
        }
