"""A message that fails permanently is sent to the dead-letter queue with all its attributes."""

import json

import pytest

from shared.model.errors import Cause
from shared.model.versions import WORKER_VERSION
from tests.faults.delivery import Delivery, cause, notification
from tests.faults.injector import Injector
from tests.functional.conftest import DEAD, LIVE, World
from tests.support import images

pytestmark = pytest.mark.faults

KEY = "a.jpg"


@pytest.mark.case(33)
def test_a_poison_message_is_dead_lettered_after_its_receives_with_all_attributes(
    delivery: Delivery, injector: Injector
) -> None:
    delivery.world.drop(KEY, images.jpeg())
    injector.refuse("GetObject", "AccessDenied", status=403)
    body = notification(KEY)

    outcomes = delivery.persist(body)

    (dead_letter,) = delivery.queues.sent
    attributes = dict(dead_letter.attributes)
    assert [cause(outcome) for outcome in outcomes] == [Cause.ACCESS_DENIED] * 8
    assert (dead_letter.queue, dead_letter.body) == (DEAD, body)
    assert "AccessDenied" in attributes.pop("detail")
    assert attributes == {
        "key": KEY,
        "cause": "access_denied",
        "stage": "fetch",
        "source_queue": LIVE,
        "origin_message_id": "m0",
        "receive_count": "8",
        "worker_version": WORKER_VERSION,
        "request_id": "request-1",
    }


@pytest.mark.case(33)
def test_a_dead_letter_reads_on_the_queue_as_it_was_sent(world: World) -> None:
    world.drop("bad.jpg", b"no image")
    body = json.dumps(json.loads(notification("bad.jpg")), indent=1)
    world.send(body)

    world.consume()

    (dead_letter,) = world.dead_letters()
    assert dead_letter["Body"] == body
    assert {"cause", "stage", "detail", "source_queue", "origin_message_id"} <= set(
        dead_letter["MessageAttributes"]
    )


@pytest.mark.case(33)
def test_a_dead_letter_redriven_after_the_cause_was_fixed_is_made(
    delivery: Delivery, injector: Injector
) -> None:
    delivery.world.drop(KEY, images.jpeg())
    injector.refuse("GetObject", "AccessDenied", status=403)
    delivery.persist(notification(KEY))
    (dead_letter,) = delivery.queues.sent
    injector.mend()

    (result,) = delivery.deliver(dead_letter.body)

    assert result.is_acknowledged
    assert delivery.agrees(KEY)
