"""Ten records in a batch: a failure of one does not affect the others."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.imaging.child_handle import RenderChild
from shared.model.errors import Cause
from shared.model.outcome import Outcome
from tests.faults.conftest import MakeDelivery
from tests.faults.delivery import FULL_SET, Delivery, cause, notification
from tests.functional.test_handler import Context, record
from tests.support import images
from worker.back_off import BackOff
from worker.batch import answer

pytestmark = pytest.mark.faults

GOOD = [f"good-{number}.jpg" for number in range(9)]
POISON = images.jpeg(seed=99)


def drop_good(delivery: Delivery) -> None:
    for number, key in enumerate(GOOD):
        delivery.world.drop(key, images.jpeg((48, 36), seed=number))


def all_good_are_made(delivery: Delivery) -> bool:
    return all(delivery.world.stored_names(key) == FULL_SET for key in GOOD)


@pytest.mark.case(15, 18)
def test_one_truncated_image_of_ten_is_recorded_with_its_reason_and_the_rest_are_made(
    delivery: Delivery,
) -> None:
    drop_good(delivery)
    delivery.world.drop("bad.jpg", images.truncated_jpeg())
    event = {"Records": [record(key, notification(key)) for key in (*GOOD, "bad.jpg")]}

    answered = answer(event, Context(), lambda: delivery.world.consumer)

    (dead_letter,) = delivery.queues.sent
    assert answered == {"batchItemFailures": []}
    assert dead_letter.attributes["origin_message_id"] == "bad.jpg"
    assert delivery.world.item("bad.jpg")["cause"] == {"S": "truncated"}
    assert delivery.world.stored_names("bad.jpg") == set()
    assert all_good_are_made(delivery)


@pytest.mark.case(16)
def test_ten_corrupt_images_are_ten_dead_letters_and_no_exception(delivery: Delivery) -> None:
    keys = [f"bad-{number}.jpg" for number in range(10)]
    for number, key in enumerate(keys):
        delivery.world.drop(key, images.truncated_jpeg(seed=number))
    event = {"Records": [record(key, notification(key)) for key in keys]}

    with capture_logs() as said:
        answered = answer(event, Context(), lambda: delivery.world.consumer)

    rejected = [line["key"] for line in said if line["event"] == "image rejected"]
    counted = [(line["cause"], line["failures"]) for line in said if "failures" in line]
    assert answered == {"batchItemFailures": []}
    assert sorted(rejected) == keys
    assert counted == [(Cause.TRUNCATED, 1)] * 10
    assert (
        sorted(dead_letter.attributes["origin_message_id"] for dead_letter in delivery.queues.sent)
        == keys
    )
    assert {delivery.world.item(key)["status"]["S"] for key in keys} == {"rejected"}


@pytest.mark.case(20)
def test_an_image_that_kills_its_child_fails_alone_and_the_second_time_for_good(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_good(delivery)
    delivery.world.drop("poison.jpg", POISON)
    kill_children_over(POISON, monkeypatch)

    first = delivery.deliver(*[notification(key) for key in ("poison.jpg", *GOOD)])
    made = all_good_are_made(delivery)
    (second,) = delivery.deliver(notification("poison.jpg"), receives=2)

    (dead_letter,) = delivery.queues.sent
    assert [cause(result.outcome) for result in first] == [Cause.DECODER_CRASH, *[None] * 9]
    assert [result.is_acknowledged for result in first] == [False, *[True] * 9]
    assert made
    assert second.is_acknowledged
    assert dead_letter.attributes["cause"] == Cause.DECODER_CRASH
    assert delivery.world.item("poison.jpg")["status"] == {"S": "rejected"}


@pytest.mark.case(22)
def test_a_decode_that_never_returns_is_killed_and_delayed_and_the_rest_is_made(
    make_delivery: MakeDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = make_delivery(PIXFLEET_RENDER_SECONDS="2")
    drop_good(delivery)
    delivery.world.drop("endless.jpg", POISON)
    kill_children_over(POISON, monkeypatch, signal.SIGSTOP)

    first, *rest = delivery.deliver(*[notification(key) for key in ("endless.jpg", *GOOD)])

    assert (cause(first.outcome), first.is_acknowledged) == (Cause.DECODE_TIMEOUT, False)
    assert [result.outcome for result in rest] == [Outcome.MADE] * 9
    base_seconds = BackOff().base_seconds
    assert base_seconds <= delivery.delayed_seconds() <= 1.5 * base_seconds
    assert delivery.world.stored_names("endless.jpg") == set()


@pytest.mark.case(23)
def test_near_the_end_of_the_invocation_what_is_left_is_handed_back_untried(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_good(delivery)
    real = RenderChild.render

    def slow(self: RenderChild, *arguments: Any, **options: Any) -> Iterator[object]:  # noqa: ANN401 - passed through
        delivery.clock.at += 20
        yield from real(self, *arguments, **options)

    began = delivery.clock.at
    with monkeypatch.context() as hindered:
        hindered.setattr(RenderChild, "render", slow)
        results = delivery.deliver(*[notification(key) for key in GOOD], seconds=120)
    ended = delivery.clock.at
    items = [delivery.world.item(key) for key in GOOD]
    delivery.deliver(*[notification(key) for key in GOOD], receives=2)

    late = [result for result in results if not result.is_acknowledged]
    assert 0 < len(late) < len(GOOD)
    assert {cause(result.outcome) for result in late} == {Cause.DEADLINE}
    assert {seconds for _, _, seconds in delivery.queues.delays} == {0}
    assert ended - began < 120
    assert sum("status" in item for item in items) == len(GOOD) - len(late)
    assert not any("claim_token" in item for item in items)
    assert all_good_are_made(delivery)


def kill_children_over(
    data: bytes, monkeypatch: pytest.MonkeyPatch, how: signal.Signals = signal.SIGKILL
) -> None:
    """Make every render child crash or hang over one source."""
    real = RenderChild.render

    def render(
        child: RenderChild,
        source: bytes,
        *arguments: Any,  # noqa: ANN401 - passed through
        **options: Any,  # noqa: ANN401 - passed through
    ) -> Iterator[object]:
        if source == data:
            os.kill(child.pid, how)
        yield from real(child, source, *arguments, **options)

    monkeypatch.setattr(RenderChild, "render", render)
