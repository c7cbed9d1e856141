"""The adapters of queues and of the serving table: the same on every engine."""

from unittest.mock import ANY

import pytest

from shared.cloud.items import Value
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving
from tests.contracts.engines import Engine
from tests.support.fakes import unbounded_calls

KEY = "photos/a b+c%20é.jpg"
NAMES = ["w32.webp", "w64.webp"]
PUBLISHED: dict[str, Value] = {"identity": "etag", "fingerprint": "f00d", "variants": NAMES}


@pytest.fixture(name="serving")
def _serving(engine: Engine) -> Serving:
    return Serving(engine.dynamodb, unbounded_calls(), engine.serving_table(), engine.clock)


@pytest.fixture(name="queues")
def _queues(engine: Engine) -> Queues:
    return Queues(engine.sqs, unbounded_calls())


def name_of(queue: str) -> str:
    return queue.rpartition("/")[2]


def test_one_renderer_has_the_lock_for_an_object_until_it_ends(
    serving: Serving, engine: Engine
) -> None:
    lock = serving.take_lock("k", 10)
    assert lock

    assert serving.take_lock("k", 10) is None
    assert serving.is_locked("k")
    serving.release_lock(lock)
    assert not serving.is_locked("k")
    assert serving.take_lock("k", 10)
    engine.clock.at += 11
    assert serving.take_lock("k", 10)


def test_paths_are_spent_until_the_budget_of_a_month_is_used_up(serving: Serving) -> None:
    assert serving.spend_paths("2026-11", 6, 10)
    assert not serving.spend_paths("2026-11", 6, 10)
    assert serving.spend_paths("2026-11", 4, 10)
    assert serving.spend_paths("2026-12", 10, 10)

    assert serving.paths_spent("2026-11") == 10


def test_a_message_is_sent_received_delayed_and_acknowledged(
    queues: Queues, engine: Engine
) -> None:
    queue = name_of(engine.queue())
    queues.send(queue, "body", {"cause": "corrupt"})
    (first,) = queues.receive(queue, wait_seconds=0, hide_seconds=30)
    queues.delay(queue, first["ReceiptHandle"], seconds=0)

    (second,) = queues.receive(queue, wait_seconds=0, hide_seconds=30)

    assert second["Body"] == "body"
    assert second["Attributes"] == {"ApproximateReceiveCount": "2", "SentTimestamp": ANY}
    assert second["MessageAttributes"]["cause"]["StringValue"] == "corrupt"
    assert queues.acknowledge(queue, [second["ReceiptHandle"]]) == 0
    engine.rest(0.1)
    assert queues.receive(queue, wait_seconds=0, hide_seconds=30) == []


def test_a_message_received_too_often_becomes_a_dead_letter(
    queues: Queues, engine: Engine
) -> None:
    queue, dead = map(name_of, engine.queue_with_dead(max_receives=2))
    queues.send(queue, "body", {})
    (first,), (second,) = (queues.receive(queue, wait_seconds=0, hide_seconds=0) for _ in range(2))

    assert queues.receive(queue, wait_seconds=0, hide_seconds=0) == []

    (dead_letter,) = queues.receive(dead, wait_seconds=0, hide_seconds=0)
    assert first["MessageId"] == second["MessageId"] == dead_letter["MessageId"]
