import pytest

from scripts.pixfleet.rate_limit import RateLimit, RateLimiter
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.unit


def _rate_limiter(per_second: float | None, clock: FakeClock, slept: list[float]) -> RateLimiter:
    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.at += seconds

    return RateLimiter(RateLimit(per_second), clock, sleep)


def test_items_are_spread_over_time() -> None:
    clock, slept = FakeClock(0.0), list[float]()
    rate_limiter = _rate_limiter(4.0, clock, slept)

    for _ in range(3):
        rate_limiter.wait(2)

    assert slept == [0.5, 0.5]


def test_lost_time_is_not_made_up_for() -> None:
    clock, slept = FakeClock(0.0), list[float]()
    rate_limiter = _rate_limiter(1.0, clock, slept)

    rate_limiter.wait()
    clock.at += 10
    rate_limiter.wait()
    rate_limiter.wait()

    assert slept == [1.0]


def test_without_a_limit_nothing_waits() -> None:
    slept = list[float]()
    rate_limiter = _rate_limiter(None, FakeClock(), slept)

    rate_limiter.wait(1000)
    rate_limiter.wait(1000)

    assert slept == []


@pytest.mark.parametrize(
    ("per_second", "expected"), [(None, 100), (250.0, 100), (5.4, 5), (0.01, 1)]
)
def test_a_batch_is_what_a_second_may_have(per_second: float | None, expected: int) -> None:
    assert RateLimit(per_second).batch_size(100) == expected
