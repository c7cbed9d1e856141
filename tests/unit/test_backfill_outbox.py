import json
from typing import Any, cast

import pytest

from scripts.pixfleet.backfill.enqueue import BATCH_BYTES, Outbox
from shared.events import backfill
from shared.model.errors import StorageUnavailable

pytestmark = pytest.mark.unit


class _Queue:
    """SQS that refuses some messages at first, and notes what it took."""

    def __init__(self, refusals: int = 0) -> None:
        self._refusals = refusals
        self.batches: list[list[str]] = []

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "here"}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto3's names
        Entries: list[dict[str, str]],  # noqa: N803 - boto3's names
    ) -> dict[str, Any]:
        entries = Entries
        refused = entries[: self._refusals]
        self._refusals -= len(refused)
        self.batches.append([each["MessageBody"] for each in entries[len(refused) :]])
        return {"Failed": [{"Id": each["Id"], "Code": "Busy"} for each in refused]}

    def keys(self) -> list[str]:
        bodies = (json.loads(body) for batch in self.batches for body in batch)
        return [hint.key for body in bodies for hint in backfill.read(body)]


def _outbox(queue: _Queue) -> Outbox:
    return Outbox(cast("Any", queue), "bulk", "sources")


def test_a_page_of_a_hundred_is_one_call() -> None:
    queue = _Queue()
    groups = [[f"{at}-{number}" for number in range(10)] for at in range(10)]

    _outbox(queue).send(groups)

    assert [len(batch) for batch in queue.batches] == [10]
    assert queue.keys() == [key for group in groups for key in group]


def test_the_longest_keys_that_there_are_never_make_a_call_too_large() -> None:
    queue = _Queue()
    groups = [["\x01" * 1023 + str(number) for number in range(10)] for _ in range(10)]

    _outbox(queue).send(groups)

    assert max(sum(map(len, batch)) for batch in queue.batches) <= BATCH_BYTES
    assert len(queue.keys()) == 100


def test_what_sqs_gives_back_is_sent_again_and_nothing_else() -> None:
    queue = _Queue(refusals=2)

    _outbox(queue).send([["a"], ["b"], ["c"]])

    assert sorted(queue.keys()) == ["a", "b", "c"]


def test_what_sqs_never_takes_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)

    with pytest.raises(StorageUnavailable, match="Expected bulk to take 1 messages, got 1 back"):
        _outbox(_Queue(refusals=99)).send([["a"]])
