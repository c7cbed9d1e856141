from typing import Any

import pytest

from shared.cloud.clients import Clients, build_listener
from shared.cloud.message_batches import OutgoingMessage
from shared.cloud.queues import MAX_VISIBILITY_SECONDS, Queues
from shared.events.sqs import from_receive
from shared.model.errors import StorageUnavailable
from tests.functional.conftest import DEAD, LIVE
from tests.support.fakes import ONE_ATTEMPT
from worker.policy import CALL_LIMITS

pytestmark = pytest.mark.functional


@pytest.fixture(name="queues")
def _queues(clients: Clients) -> Queues:
    return Queues(clients.sqs, ONE_ATTEMPT)


def waiting(clients: Clients, queue: str) -> tuple[int, int]:
    """Return how many messages a queue shows and how many it hides."""
    url = clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    shown = int(attributes["ApproximateNumberOfMessages"])
    hidden = int(attributes["ApproximateNumberOfMessagesNotVisible"])
    return shown, hidden


def test_a_message_is_received_with_what_the_worker_reads(queues: Queues) -> None:
    queues.send(LIVE, "body", {})

    (raw,) = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)

    message = from_receive(raw, LIVE)
    assert message.body == "body"
    assert message.receive_count == 1
    assert message.sent_at is not None
    assert message.receipt_handle


def test_a_dead_letters_attributes_are_received_with_it(queues: Queues) -> None:
    queues.send(LIVE, "body", {"cause": "corrupt", "detail": "Expected ☀, got ☔."})

    (raw,) = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)

    message = from_receive(raw, LIVE)
    assert message.attributes == {"cause": "corrupt", "detail": "Expected ☀, got ☔."}


@pytest.mark.parametrize(("hide_seconds", "returned"), [(30, []), (0, ["body"])])
def test_messages_in_hand_are_hidden_as_asked_whatever_the_queue_says(
    queues: Queues, clients: Clients, hide_seconds: int, returned: list[str]
) -> None:
    url = clients.sqs.get_queue_url(QueueName=LIVE)["QueueUrl"]
    opposite = "0" if hide_seconds else "30"
    clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": opposite})
    queues.send(LIVE, "body", {})

    queues.receive(LIVE, wait_seconds=0, hide_seconds=hide_seconds)

    again = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)
    assert [raw["Body"] for raw in again] == returned


def test_a_listener_receives_and_does_nothing_else(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients.sqs, "receive_message", None)
    queues = Queues(clients.sqs, ONE_ATTEMPT, build_listener(CALL_LIMITS))
    queues.send(LIVE, "body", {})

    (raw,) = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)

    assert queues.acknowledge(LIVE, [raw["ReceiptHandle"]]) == 0


def test_only_a_listener_waits_for_longer_than_a_call_may_take(clients: Clients) -> None:
    listener = build_listener(CALL_LIMITS)

    longest_poll_seconds = 20
    assert listener.meta.config.read_timeout > longest_poll_seconds  # type: ignore[attr-defined]
    for client in (clients.s3, clients.sqs, clients.dynamodb):
        config: Any = client.meta.config
        assert config.connect_timeout + config.read_timeout < CALL_LIMITS.call_seconds / 2


def test_at_most_ten_are_received_at_once(queues: Queues) -> None:
    for number in range(12):
        queues.send(LIVE, str(number), {})

    first, second = (queues.receive(LIVE, wait_seconds=0, hide_seconds=30) for _ in range(2))

    assert (len(first), len(second)) == (10, 2)


def test_an_empty_queue_gives_nothing(queues: Queues) -> None:
    assert queues.receive(LIVE, wait_seconds=0, hide_seconds=30) == []


def test_only_what_is_acknowledged_is_gone(queues: Queues, clients: Clients) -> None:
    for number in range(3):
        queues.send(LIVE, str(number), {})
    receipts = [
        raw["ReceiptHandle"] for raw in queues.receive(LIVE, wait_seconds=0, hide_seconds=30)
    ]

    refused = queues.acknowledge(LIVE, receipts[:2])

    assert refused == 0
    assert waiting(clients, LIVE) == (0, 1)


def test_a_refused_acknowledgement_is_counted(
    queues: Queues, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def partly(**_arguments: object) -> dict[str, Any]:  # botocore's shape
        failed = {"Id": "0", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
        return {"Successful": [{"Id": "1"}], "Failed": [failed]}

    monkeypatch.setattr(clients.sqs, "delete_message_batch", partly)

    assert queues.acknowledge(LIVE, ["r0", "r1"]) == 1


def test_a_message_delayed_by_zero_is_visible_at_once_and_counted(queues: Queues) -> None:
    queues.send(LIVE, "body", {})
    (raw,) = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)

    queues.delay(LIVE, raw["ReceiptHandle"], seconds=0)

    (again,) = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)
    assert from_receive(again, LIVE).receive_count == 2


def test_a_delayed_message_stays_invisible(queues: Queues, clients: Clients) -> None:
    queues.send(LIVE, "body", {})
    (raw,) = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)

    queues.delay(LIVE, raw["ReceiptHandle"], seconds=600)

    assert queues.receive(LIVE, wait_seconds=0, hide_seconds=30) == []
    assert waiting(clients, LIVE) == (0, 1)


def test_no_message_is_delayed_for_longer_than_sqs_allows(
    queues: Queues, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(
        clients.sqs,
        "change_message_visibility",
        lambda **arguments: asked.append(arguments["VisibilityTimeout"]),
    )

    queues.delay(LIVE, "r0", seconds=MAX_VISIBILITY_SECONDS + 1)

    assert asked == [43_200]


def test_a_sent_message_keeps_body_and_attributes(queues: Queues, clients: Clients) -> None:
    body = '{"key": "café \U0001f408"}\r\n\t'

    queues.send(DEAD, body, {"cause": "corrupt", "detail": "Expected ☀, got ☔."})

    url = clients.sqs.get_queue_url(QueueName=DEAD)["QueueUrl"]
    answer = clients.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    (dead_letter,) = answer["Messages"]
    assert dead_letter["Body"] == body
    assert dead_letter["MessageAttributes"] == {
        "cause": {"DataType": "String", "StringValue": "corrupt"},
        "detail": {"DataType": "String", "StringValue": "Expected ☀, got ☔."},
    }


def test_a_queues_url_is_looked_up_once(
    queues: Queues, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = clients.sqs.get_queue_url, []

    def counted(**arguments: Any) -> Any:  # noqa: ANN401 - whatever botocore takes and gives
        asked.append(arguments["QueueName"])
        return real(**arguments)

    monkeypatch.setattr(clients.sqs, "get_queue_url", counted)

    for _ in range(3):
        queues.send(LIVE, "x", {})
    queues.send(DEAD, "x", {})

    assert asked == [LIVE, DEAD]


def test_a_queue_that_is_not_there_is_trouble_that_may_pass(queues: Queues) -> None:
    with pytest.raises(StorageUnavailable):
        queues.receive("no-such-queue", wait_seconds=0, hide_seconds=30)


def test_the_depth_counts_visible_in_flight_and_delayed_messages(
    clients: Clients, queues: Queues
) -> None:
    url = clients.sqs.get_queue_url(QueueName=LIVE)["QueueUrl"]
    clients.sqs.send_message(QueueUrl=url, MessageBody="in hand")
    queues.receive(LIVE, wait_seconds=0, hide_seconds=30)
    clients.sqs.send_message(QueueUrl=url, MessageBody="waiting")
    clients.sqs.send_message(QueueUrl=url, MessageBody="for later", DelaySeconds=60)

    depth = queues.depth(LIVE)

    assert (depth.waiting, depth.in_flight, depth.delayed) == (1, 1, 1)
    assert depth.all == 3
    assert not depth.is_quiet


def test_a_message_sent_with_a_delay_is_not_received_before(queues: Queues) -> None:
    queues.send_delayed(LIVE, "later", delay_seconds=60)
    queues.send_batch(LIVE, [OutgoingMessage("later, too", delay_seconds=60)])
    queues.send(LIVE, "now", {})

    received = queues.receive(LIVE, wait_seconds=0, hide_seconds=30)

    assert [each["Body"] for each in received] == ["now"]
    assert queues.depth(LIVE).delayed == 2


def test_a_queue_may_be_named_by_its_url(queues: Queues, clients: Clients) -> None:
    url = clients.sqs.get_queue_url(QueueName=LIVE)["QueueUrl"]

    queues.send(url, "body", {})

    assert [each["Body"] for each in queues.receive(LIVE, wait_seconds=0, hide_seconds=30)] == [
        "body"
    ]
