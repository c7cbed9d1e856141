import pytest

from tests.functional.conftest import LIVE, World
from tests.support import images
from worker import batch

pytestmark = pytest.mark.functional


class Context:
    """What Lambda hands to a handler."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


def record(message_id: str, body: str) -> dict[str, object]:
    return {
        "messageId": message_id,
        "receiptHandle": "not-a-handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{LIVE}",
    }


def test_the_handler_names_what_must_be_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "consumer", lambda: world.consumer)
    world.ledger.claim("held.jpg", lease_seconds=600, may_store=("x",))
    world.drop("held.jpg", images.jpeg())
    world.drop("free.jpg", images.jpeg())
    event = {
        "Records": [record("m1", world.event("held.jpg")), record("m2", world.event("free.jpg"))]
    }

    answer = batch.handler(event, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


@pytest.mark.parametrize("event", [None, 7, {}, {"Records": None}, {"Records": [None, 3]}])
def test_the_handler_answers_whatever_it_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch, event: object
) -> None:
    monkeypatch.setattr(batch, "consumer", lambda: world.consumer)

    answer = batch.handler(event, Context())

    assert answer == {"batchItemFailures": []}


def test_the_handler_hands_everything_back_when_it_cannot_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise RuntimeError("no environment")

    monkeypatch.setattr(batch, "consumer", broken)

    answer = batch.handler({"Records": [record("m1", "{}"), record("m2", "{}")]}, Context())

    assert answer["batchItemFailures"] == [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]
