"""Dead letters, move tasks and retention."""

import json

from tests.contracts.engines import Engine
from tests.contracts.messages import receive, received, send


def dead_lettered(engine: Engine, *, max_receives: int, **attributes: str) -> tuple[str, str, str]:
    """Receive a message too often; return its id, and the URLs of both queues."""
    queue, dead = engine.queue_with_dead(max_receives=max_receives)
    name = send(engine, queue, **attributes)
    for _ in range(max_receives):
        received(engine, queue)
    assert receive(engine, queue) == []
    return name, queue, dead


def test_the_receive_after_the_last_one_moves_the_message_to_the_dead_letter_queue(
    engine: Engine,
) -> None:
    name, queue, dead = dead_lettered(engine, max_receives=2)

    assert received(engine, dead)["MessageId"] == name
    assert receive(engine, queue) == []


def test_a_dead_letter_keeps_body_attributes_and_the_time_of_its_first_sending(
    engine: Engine,
) -> None:
    queue, dead = engine.queue_with_dead(max_receives=1)
    send(engine, queue, "body", cause="corrupt")
    before = received(engine, queue)
    engine.rest(0.1)
    receive(engine, queue)

    dead_letter = received(engine, dead)

    assert dead_letter["Body"] == "body"
    assert dead_letter["MessageAttributes"]["cause"]["StringValue"] == "corrupt"
    assert dead_letter["Attributes"]["SentTimestamp"] == before["Attributes"]["SentTimestamp"]


def test_a_dead_letter_has_its_source_queue(engine: Engine) -> None:
    _, queue, dead = dead_lettered(engine, max_receives=1)

    dead_letter = received(engine, dead)

    assert dead_letter["Attributes"].get("DeadLetterQueueSourceArn") == engine.arn(queue)


def test_a_dead_letter_keeps_counting_its_receives(engine: Engine) -> None:
    _, _, dead = dead_lettered(engine, max_receives=2)

    assert received(engine, dead)["Attributes"]["ApproximateReceiveCount"] == "3"


def test_a_move_task_makes_new_messages_of_dead_letters(engine: Engine) -> None:
    name, queue, dead = dead_lettered(engine, max_receives=1, cause="corrupt")

    engine.redrive(dead, queue)

    (again,) = engine.eventually(lambda: receive(engine, queue))
    assert again["MessageId"] != name
    assert again["MessageAttributes"]["cause"]["StringValue"] == "corrupt"
    assert again["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_message_expires_when_its_retention_ends(engine: Engine) -> None:
    queue = engine.queue(MessageRetentionPeriod="60")
    send(engine, queue)

    engine.rest(59.9)
    assert receive(engine, queue, VisibilityTimeout=0)

    engine.rest(0.1)
    assert receive(engine, queue) == []


def test_a_move_to_the_dead_letter_queue_does_not_prolong_the_retention(engine: Engine) -> None:
    dead = engine.queue(MessageRetentionPeriod="60")
    policy = {"deadLetterTargetArn": engine.arn(dead), "maxReceiveCount": "1"}
    queue = engine.queue(VisibilityTimeout="0", RedrivePolicy=json.dumps(policy))
    send(engine, queue)
    engine.rest(50)
    received(engine, queue)
    receive(engine, queue)
    assert received(engine, dead, VisibilityTimeout=0)

    engine.rest(10)

    assert receive(engine, dead) == []
