"""The same message twice: one after the other, at the same time, and in one batch."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from shared.deadline import Deadline
from shared.model.errors import Cause
from shared.model.outcome import Outcome
from shared.model.source import Source
from tests.faults.conftest import MakeDelivery
from tests.faults.delivery import FULL_SET, Delivery, cause, notification
from tests.faults.injector import Injector
from tests.support import images

pytestmark = pytest.mark.faults

KEY = "a.jpg"
OVERSEEN_SECONDS = 30


@pytest.mark.case(5)
def test_a_second_delivery_writes_nothing_at_all(delivery: Delivery, injector: Injector) -> None:
    delivery.world.drop(KEY, images.jpeg())
    delivery.process(KEY)
    item, pictures = delivery.world.item(KEY), delivery.pixels(KEY)
    injector.mend()

    outcome = delivery.process(KEY)

    assert outcome is Outcome.CURRENT
    assert set(injector.tried) <= {"GetItem", "HeadObject"}
    assert (delivery.world.item(KEY), delivery.pixels(KEY)) == (item, pictures)


@pytest.mark.case(6)
def test_of_two_workers_on_one_key_one_commits_and_the_other_waits_for_it(
    make_delivery: MakeDelivery, monkeypatch: pytest.MonkeyPatch, injector: Injector
) -> None:
    first, second = make_delivery(), make_delivery()
    first.world.drop(KEY, images.jpeg())
    hold = hold_at_fetch(first, monkeypatch)
    injector.mend()

    with ThreadPoolExecutor(1) as other:
        made = other.submit(first.deliver, notification(KEY))
        assert hold.reached.wait(OVERSEEN_SECONDS)
        (loser,) = second.deliver(notification(KEY))
        hold.set()
        (winner,) = made.result(OVERSEEN_SECONDS)
    (again,) = second.deliver(notification(KEY), receives=2)

    assert winner.outcome is Outcome.MADE
    assert (cause(loser.outcome), loser.is_acknowledged) == (Cause.CLAIMED, False)
    assert again.outcome is Outcome.CURRENT
    assert injector.tried.count("PutObject") == len(FULL_SET)
    assert second.queues.sent == []
    assert first.agrees(KEY)


@pytest.mark.case(6)
def test_the_lease_of_a_crashed_worker_uses_up_no_messages_receives(
    delivery: Delivery,
) -> None:
    lease_seconds = delivery.world.settings.lease_seconds
    delivery.world.drop(KEY, images.jpeg())
    delivery.world.ledger.claim(KEY, lease_seconds=lease_seconds, may_store=("w32.webp",))

    outcomes = delivery.persist(notification(KEY))

    assert {cause(outcome) for outcome in outcomes[:-1]} == {Cause.CLAIMED}
    assert outcomes[-1] is Outcome.MADE
    assert len(outcomes) < delivery.world.settings.max_receives
    assert delivery.queues.sent == []


@pytest.mark.case(7)
def test_one_key_three_times_in_a_batch_is_rendered_once_and_as_it_is_now(
    delivery: Delivery, injector: Injector
) -> None:
    delivery.world.drop(KEY, images.jpeg(seed=1))
    delivery.world.drop(KEY, images.jpeg(seed=2))
    injector.mend()

    results = delivery.deliver(*[notification(KEY, sequencer=each) for each in ("02", "01", "03")])

    assert [result.is_acknowledged for result in results] == [True] * 3
    assert injector.tried.count("PutObject") == len(FULL_SET)
    assert delivery.agrees(KEY)


class Hold:
    """Blocks a worker in the middle of its work until the test releases it."""

    def __init__(self) -> None:
        self.reached, self._resumed = Event(), Event()

    def set(self) -> None:
        self._resumed.set()

    def wait(self) -> None:
        self.reached.set()
        assert self._resumed.wait(OVERSEEN_SECONDS)


def hold_at_fetch(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Block a worker after it has fetched its source."""
    hold, objects = Hold(), delivery.world.context.objects
    real = delivery.world.objects.fetch

    def held(source: Source, until: Deadline) -> bytes:
        data = real(source, until)
        hold.wait()
        return data

    monkeypatch.setattr(objects, "fetch", held)
    return hold
