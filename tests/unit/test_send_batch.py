from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.selection import Wanted
from shared.cloud.message_batches import BatchPolicy, OutgoingMessage
from shared.cloud.queues import Queues
from shared.events import backfill
from shared.model.errors import StorageUnavailable
from tests.support.fakes import unbounded_calls

pytestmark = pytest.mark.unit


class _Sqs:
    """SQS that refuses some messages at first, and keeps those that it accepted."""

    def __init__(self, refusals: int = 0, *, is_senders_fault: bool = False) -> None:
        self._refusals = refusals
        self._is_senders_fault = is_senders_fault
        self.calls: list[list[str]] = []

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "here"}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto3's names
        Entries: list[dict[str, Any]],  # noqa: N803 - boto3's names
    ) -> dict[str, Any]:
        refused = Entries[: self._refusals]
        self._refusals -= len(refused)
        self.calls.append([each["MessageBody"] for each in Entries[len(refused) :]])
        failed = {"Code": "Busy", "SenderFault": self._is_senders_fault}
        return {"Failed": [{"Id": each["Id"]} | failed for each in refused]}

    def accepted(self) -> list[str]:
        return [body for call in self.calls for body in call]


def _queues(sqs: _Sqs, slept: list[float] | None = None) -> Queues:
    pauses = [] if slept is None else slept
    return Queues(cast("Any", sqs), replace(unbounded_calls(), sleep=pauses.append))


def _messages(*bodies: str) -> Sequence[OutgoingMessage]:
    return [OutgoingMessage(body) for body in bodies]


def test_ten_messages_are_one_call() -> None:
    sqs = _Sqs()

    refused = _queues(sqs).send_batch("bulk", _messages(*map(str, range(12))))

    assert not refused
    assert [len(call) for call in sqs.calls] == [10, 2]
    assert sqs.accepted() == [str(number) for number in range(12)]


def test_the_longest_keys_never_make_a_call_too_large() -> None:
    sqs = _Sqs()
    groups = [["\x01" * 1023 + str(number) for number in range(10)] for _ in range(10)]
    bodies = [backfill.write("sources", group) for group in groups]

    _queues(sqs).send_batch("bulk", _messages(*bodies))

    most = BatchPolicy().max_bytes
    assert max(sum(len(body.encode()) for body in call) for call in sqs.calls) <= most
    assert sqs.accepted() == bodies


def test_a_message_that_is_larger_than_a_call_may_be_is_sent_alone() -> None:
    sqs = _Sqs()
    large = "x" * (BatchPolicy().max_bytes + 1)

    _queues(sqs).send_batch("bulk", _messages("a", large, "b"))

    assert sqs.calls == [["a"], [large], ["b"]]


def test_bytes_are_counted_and_attributes_with_them() -> None:
    assert OutgoingMessage("é", {"cause": "bäd"}).size_bytes == 2 + 5 + 6 + 4


def test_only_what_sqs_refused_is_sent_again() -> None:
    sqs, slept = _Sqs(refusals=2), list[float]()

    refused = _queues(sqs, slept).send_batch("bulk", _messages("a", "b", "c"))

    assert not refused
    assert sqs.calls == [["c"], ["a", "b"]]
    assert slept == [0.2]


def test_what_sqs_always_refuses_is_returned_with_its_reason() -> None:
    refused = _queues(_Sqs(refusals=99)).send_batch("bulk", _messages("a"))

    assert [(each.message.body, each.reason) for each in refused] == [("a", "Busy")]


def test_a_message_that_is_at_fault_itself_is_sent_once() -> None:
    sqs, slept = _Sqs(refusals=1, is_senders_fault=True), list[float]()

    refused = _queues(sqs, slept).send_batch("bulk", _messages("a", "b"))

    assert [each.message.body for each in refused] == ["a"]
    assert sqs.accepted() == ["b"]
    assert slept == []


def test_a_refused_message_ends_a_backfill() -> None:
    nothing = cast("Any", None)
    queues = _queues(_Sqs(refusals=99))
    enqueue = Enqueue(nothing, nothing, nothing, queues, "bulk", "sources")

    with pytest.raises(StorageUnavailable, match="Expected bulk to take 1 messages, got 1 back"):
        enqueue.send([Wanted("a")])
