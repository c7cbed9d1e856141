"""A fleet on a bucket that accepts fewer writes than the fleet could make."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.fleet import OBJECTS_OF_AN_IMAGE, AwsLimits, Figures, Fleet
from tests.simulator.refusals import refusal
from tests.simulator.request_rate import PUTS_PER_SECOND, RequestRate
from tests.simulator.scheduler import Scheduler
from tests.simulator.world import simulated
from tests.support.size import SIZE

pytestmark = pytest.mark.faults

# What one of a thousand workers gets of a new bucket. Fewer workers on a slower bucket are in the
# same situation, because a worker sees nothing of the others but S3's answers.
SHARE = PUTS_PER_SECOND / 1_000
IMAGES_OF_A_WORKER = 40


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


def ran(
    workers: int, share: float, *, images: int = IMAGES_OF_A_WORKER, refused_cost: float = 0.0
) -> Figures:
    """Return what workers did that each get this many writes a second."""
    fleet = Fleet(
        workers=workers,
        images=workers * images,
        limits=AwsLimits(workers * share, refused_cost=refused_cost),
    )
    with fleet.at_work():
        return fleet.run()


@pytest.mark.case(26)
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("refused_cost", [0.0, 0.5], ids="refusals cost {} of a write".format)
def test_a_thousand_workers_on_a_new_bucket_use_it_and_render_nothing_twice(
    refused_cost: float,
) -> None:
    figures = ran(SIZE.fleet_workers, SHARE, refused_cost=refused_cost)

    assert figures.made == SIZE.fleet_workers * IMAGES_OF_A_WORKER
    assert figures.wasted == 0
    assert figures.share_of_capacity >= 0.9
    assert figures.refused_share <= 0.15


@pytest.mark.timeout(3600)
def test_three_thousand_workers_render_only_what_s3_takes_in_time() -> None:
    figures = ran(3 * SIZE.fleet_workers, SHARE / 3, images=10)

    assert figures.wasted == 0
    assert figures.share_of_capacity >= 0.85


def test_a_bucket_that_refuses_every_write_for_minutes_costs_no_render() -> None:
    fleet = Fleet(workers=5, images=50, limits=AwsLimits(1e-9))
    fleet.scheduler.after(200, lambda: fleet.accept(5 * SHARE))
    with fleet.at_work():
        figures = fleet.run()

    assert (figures.made, figures.wasted) == (50, 0)


def test_a_bucket_that_stays_closed_costs_each_worker_few_renders() -> None:
    """A worker renders one image at a time as a probe, and what it had begun before."""
    fleet = Fleet(workers=5, images=100, limits=AwsLimits(1e-9))
    with fleet.at_work():
        figures = fleet.run(seconds=900)

    assert figures.made == 0
    assert figures.rendered <= 5 * (4 + 900 / 300)


@pytest.mark.case(26)
def test_images_that_s3_accepts_do_not_wait_for_one_that_it_throttles() -> None:
    """An image's objects have one prefix, which may be in a partition that is busy."""
    fleet = Fleet(workers=1, images=10, limits=AwsLimits(1_000.0))
    put = fleet.services.buckets.put_object

    def refuse_one(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        if "/0.jpg/" in arguments["Key"]:
            raise refusal("PutObject", "SlowDown", 503, "Please reduce your request rate.")
        return put(**arguments)

    fleet.services.buckets.put_object = refuse_one  # type: ignore[method-assign] # a fault
    with fleet.at_work():
        figures = fleet.run(seconds=120)

    assert figures.made == 9


def test_a_bucket_that_is_fast_enough_slows_nobody() -> None:
    figures = ran(5, 100.0, images=20)

    assert (figures.wasted, figures.refused) == (0, 0)


def test_a_request_rate_refuses_what_is_over_it() -> None:
    scheduler = Scheduler()
    rate = RequestRate(scheduler, 10, burst_seconds=2.0)

    first = [rate.accept() for _ in range(30)]
    scheduler.time += 0.5
    second = [rate.accept() for _ in range(10)]

    assert (first.count(True), second.count(True)) == (20, 5)
    assert (rate.accepted, rate.refused) == (25, 15)


def test_an_image_of_the_model_has_as_many_objects_as_a_large_photograph() -> None:
    assert OBJECTS_OF_AN_IMAGE == 16
