"""Wrong clocks: nothing is ordered by them."""

import pytest

from shared.model.errors import Cause
from shared.model.outcome import Outcome
from tests.faults.conftest import MakeDelivery
from tests.faults.delivery import Delivery, cause, notification
from tests.faults.injector import Injector
from tests.support import images
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.faults

KEY = "a.jpg"
SKEW = 300.0


@pytest.mark.case(50)
@pytest.mark.parametrize("skews", [(SKEW, -SKEW), (-SKEW, SKEW)], ids=["back", "forth"])
def test_workers_whose_clocks_differ_end_with_the_newer_source(
    make_delivery: MakeDelivery, skews: tuple[float, float]
) -> None:
    first, second = make_delivery(), make_delivery()
    first.clock.at += skews[0]
    second.clock.at += skews[1]
    first.world.drop(KEY, images.jpeg(seed=1))
    first.process(KEY)
    first.world.drop(KEY, images.jpeg(seed=2))

    newer = second.process(KEY)
    late = first.process(KEY)

    assert (newer, late) == (Outcome.MADE, Outcome.CURRENT)
    assert first.agrees(KEY)


@pytest.mark.case(50)
@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "never"])
def test_the_time_that_an_event_claims_decides_nothing(delivery: Delivery, at: str) -> None:
    delivery.world.drop(KEY, images.jpeg(seed=1))
    delivery.process(KEY)
    delivery.world.drop(KEY, images.jpeg(seed=2))

    (result,) = delivery.deliver(notification(KEY, at=at))

    assert result.outcome is Outcome.MADE
    assert delivery.agrees(KEY)


@pytest.mark.case(50)
def test_a_lease_of_a_clock_that_is_ahead_is_waited_for_and_no_longer_than_the_receives_last(
    make_delivery: MakeDelivery,
) -> None:
    ahead, right = make_delivery(), make_delivery()
    ahead.clock.at += SKEW
    lease_seconds = ahead.world.settings.lease_seconds
    right.world.drop(KEY, images.jpeg())
    ahead.world.ledger.claim(KEY, lease_seconds=lease_seconds, may_store=("w32.webp",))

    outcomes = right.persist(notification(KEY))

    assert {cause(outcome) for outcome in outcomes[:-1]} == {Cause.CLAIMED}
    assert outcomes[-1] is Outcome.MADE
    assert right.queues.sent == []


@pytest.mark.case(50)
def test_what_a_worker_wrote_after_its_lease_was_taken_is_made_again(
    make_delivery: MakeDelivery, injector: Injector
) -> None:
    """If a clock is wrong by more than the lease's margin, two workers process one key."""
    late, ahead = make_delivery(), make_delivery()
    ahead.clock.at += SKEW
    late.world.drop(KEY, images.jpeg(seed=1))

    def take_over() -> None:
        late.world.drop(KEY, images.jpeg(seed=2))
        ahead.process(KEY)

    injector.on("PutObject", take_over, calls=[1])

    (reported,) = late.deliver(notification(KEY))
    late.persist(notification(KEY))

    assert not reported.is_acknowledged
    assert late.agrees(KEY)


@pytest.mark.case(50)
def test_two_completions_of_one_moment_have_different_ids(
    delivery: Delivery,
) -> None:
    still = FakeClock(delivery.clock.at)
    delivery.world.drop(KEY, images.jpeg(seed=1))
    delivery.process(KEY)
    delivery.world.drop(KEY, images.jpeg(seed=2))

    outcome = delivery.process(KEY)

    assert delivery.clock == still
    assert outcome is Outcome.MADE
    assert delivery.agrees(KEY)
