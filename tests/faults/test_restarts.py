"""The process is killed during its work: what it leaves, and how the next delivery repairs it.

`test_crash_points.py` kills it at every call; these are the cases that a reviewer would name.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Lock
from typing import Any

import pytest

from shared.imaging.child_handle import RenderChild
from shared.model.outcome import Outcome
from tests.faults.delivery import Delivery, ProcessDied, notification
from tests.faults.injector import Injector
from tests.functional.conftest import SOURCES, VARIANTS
from tests.support import images

pytestmark = pytest.mark.faults

KEY = "a.jpg"
# All together, then each alone in any order; the one that crashed twice runs last.
ENOUGH_DELIVERIES = 3
TEN = [f"{number}.jpg" for number in range(10)]


@pytest.mark.case(24)
def test_after_a_crash_before_the_commit_the_redelivery_converges(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_before_the_commit(delivery, monkeypatch)
    left = delivery.world.item(KEY)
    delivery.outlast_leases()

    outcome = delivery.process(KEY, receives=2)

    assert "status" not in left
    assert outcome is Outcome.MADE
    assert delivery.agrees(KEY)
    assert len(delivery.world.clients.dynamodb.scan(TableName="ledger")["Items"]) == 1


@pytest.mark.case(24)
def test_what_a_dead_worker_stored_goes_when_its_source_goes(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_before_the_commit(delivery, monkeypatch)
    delivery.outlast_leases()
    delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    outcome = delivery.process(KEY, receives=2)

    assert outcome is Outcome.REMOVED
    assert delivery.world.clients.s3.list_objects_v2(Bucket=VARIANTS)["KeyCount"] == 0


@pytest.mark.case(25)
def test_after_a_crash_behind_the_commit_the_redelivery_does_nothing(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch, injector: Injector
) -> None:
    delivery.world.drop(KEY, images.jpeg())
    with monkeypatch.context() as dying:
        ledger = delivery.world.context.ledger
        dying.setattr(ledger, "commit", dies_after(delivery.world.ledger.commit))
        with pytest.raises(ProcessDied):
            delivery.process(KEY)
    injector.mend()

    (result,) = delivery.deliver(notification(KEY), receives=2)

    assert result.is_acknowledged
    assert result.outcome is Outcome.CURRENT
    assert not {"PutObject", "UpdateItem"} & set(injector.tried)
    assert delivery.agrees(KEY)


@pytest.mark.case(21)
def test_after_a_crash_with_ten_in_flight_each_of_the_ten_renders_alone(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, key in enumerate(TEN):
        delivery.world.drop(key, images.jpeg((48, 36), seed=number))
        delivery.world.ledger.claim(key, lease_seconds=60, may_store=("w32.webp",))
    delivery.outlast_leases()
    crowd = Crowd()
    monkeypatch.setattr(RenderChild, "render", crowd.watched(RenderChild.render))

    results = delivery.deliver(*map(notification, TEN), receives=2)

    assert [result.outcome for result in results] == [Outcome.MADE] * 10
    assert crowd.most == 1


@pytest.mark.case(21)
def test_an_image_that_takes_the_whole_process_along_takes_no_other_image_along(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, key in enumerate(TEN):
        delivery.world.drop(key, images.jpeg((48, 36), seed=number))
    doom = Doom(images.jpeg((48, 36), seed=0))
    monkeypatch.setattr(RenderChild, "render", doom.over(RenderChild.render))
    for name in ("read", "claim", "commit", "release"):
        ledger = delivery.world.context.ledger
        monkeypatch.setattr(ledger, name, doom.after(getattr(delivery.world.ledger, name)))

    for receives in range(1, ENOUGH_DELIVERIES + 1):
        doom.has_come = False
        with suppress(ProcessDied):
            delivery.deliver(*map(notification, TEN), receives=receives)
        delivery.outlast_leases()

    assert [is_published(delivery, key) for key in TEN] == [False, *[True] * 9]
    assert delivery.world.settings.max_receives > ENOUGH_DELIVERIES
    assert delivery.queues.sent == []


class Crowd:
    """Counts how many images render at the same time."""

    def __init__(self) -> None:
        self._lock, self._now, self.most = Lock(), 0, 0

    def watched(self, real: Callable[..., Iterator[object]]) -> Callable[..., Iterator[object]]:
        def render(*arguments: Any, **options: Any) -> Iterator[object]:  # noqa: ANN401 - passed through
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            try:
                yield from real(*arguments, **options)
            finally:
                with self._lock:
                    self._now -= 1

        return render


class Doom:
    """An image that kills the whole process; the killed process makes no more calls."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.has_come = False

    def over(self, real: Callable[..., Iterator[object]]) -> Callable[..., Iterator[object]]:
        def render(
            child: object,
            data: bytes,
            *arguments: Any,  # noqa: ANN401 - passed through
            **options: Any,  # noqa: ANN401 - passed through
        ) -> Iterator[object]:
            self.has_come = self.has_come or data == self._data
            if self.has_come:
                raise ProcessDied
            yield from real(child, data, *arguments, **options)

        return render

    def after(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> object:  # noqa: ANN401 - passed through
            if self.has_come:
                raise ProcessDied
            return real(*arguments, **options)

        return call


def is_published(delivery: Delivery, key: str) -> bool:
    return delivery.world.item(key).get("status") == {"S": "published"}


def die_before_the_commit(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop a source, store all its variants, and kill the worker before its commit."""
    delivery.world.drop(KEY, images.jpeg())
    with monkeypatch.context() as dying:
        dying.setattr(delivery.world.context.ledger, "commit", dies)
        with pytest.raises(ProcessDied):
            delivery.process(KEY)


def dies(*_arguments: object, **_options: object) -> None:
    raise ProcessDied


def dies_after(real: Callable[..., object]) -> Callable[..., None]:
    def call(*arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed through
        real(*arguments, **options)
        raise ProcessDied

    return call
