from math import inf

import pytest

from scripts.local.edge.lifetimes import (
    DAY,
    ERROR_SECONDS,
    Assumptions,
    CachingRules,
    Lifetime,
    TimeToLive,
    lifetime,
)
from scripts.local.edge.messages import Response
from tests.unit.edge.fakes import START

FROM_0 = TimeToLive(minimum=0, default=500, maximum=1000)
FROM_100 = TimeToLive(minimum=100, default=500, maximum=1000)


def of(
    status: int,
    cache_control: str = "",
    *,
    rules: CachingRules | None = None,
    assumptions: Assumptions | None = None,
) -> Lifetime | None:
    headers = {"cache-control": cache_control} if cache_control else {}
    response = Response(status, headers)
    return lifetime(response, rules or CachingRules(), assumptions or Assumptions(), START)


def fresh(status: int, cache_control: str = "", *, rules: CachingRules | None = None) -> float:
    found = of(status, cache_control, rules=rules)
    return -1 if found is None else found.fresh


@pytest.mark.parametrize(
    ("ttl", "cache_control", "seconds"),
    [
        pytest.param(FROM_0, "", 500, id="default"),
        pytest.param(FROM_0, "public", 500, id="no-number"),
        pytest.param(FROM_0, "max-age=60", 60, id="max-age"),
        pytest.param(FROM_0, "max-age=0", 0, id="stored-for-revalidation"),
        pytest.param(FROM_0, "max-age=5000", 1000, id="at-most-the-maximum"),
        pytest.param(FROM_0, "max-age=5000, s-maxage=60", 60, id="s-maxage"),
        pytest.param(FROM_0, "no-store", -1, id="no-store"),
        pytest.param(FROM_0, "private, max-age=60", -1, id="private"),
        pytest.param(FROM_0, "no-cache", -1, id="no-cache"),
        pytest.param(FROM_100, "max-age=60", 100, id="at-least-the-minimum"),
        pytest.param(FROM_100, "max-age=200", 200, id="between"),
        pytest.param(FROM_100, "no-store", 100, id="no-store-with-a-minimum"),
        pytest.param(TimeToLive(100, 50, 1000), "", 100, id="default-below-the-minimum"),
    ],
)
def test_an_object_is_cached_as_policy_and_origin_say(
    ttl: TimeToLive, cache_control: str, seconds: float
) -> None:
    assert fresh(200, cache_control, rules=CachingRules(ttl)) == seconds


@pytest.mark.parametrize(
    ("status", "cache_control", "seconds"),
    [
        pytest.param(302, "", DAY, id="302-for-the-default"),
        pytest.param(302, "no-store", -1, id="302-no-store"),
        pytest.param(307, "", -1, id="307-only-if-stated"),
        pytest.param(307, "max-age=9", 9, id="307-stated"),
        pytest.param(308, "public", DAY, id="308-with-any-cache-control"),
        pytest.param(206, "max-age=9", -1, id="part"),
        pytest.param(201, "max-age=9", -1, id="created"),
    ],
)
def test_only_some_statuses_are_cached(status: int, cache_control: str, seconds: float) -> None:
    assert fresh(status, cache_control) == seconds


def test_directives_for_stale_objects_are_at_most_the_maximum() -> None:
    rules = CachingRules(FROM_0)

    assert of(200, "max-age=60", rules=rules) == Lifetime(60, 0, inf)
    assert of(200, "max-age=60, stale-while-revalidate=30", rules=rules) == Lifetime(60, 30, inf)
    assert of(200, "max-age=60, stale-while-revalidate=3000", rules=rules) == Lifetime(
        60, 1000, inf
    )
    assert of(200, "max-age=60, stale-if-error=0", rules=rules) == Lifetime(60, 0, 0)
    assert of(200, "max-age=60, stale-if-error=3000", rules=rules) == Lifetime(60, 0, 1000)


@pytest.mark.parametrize("status", [404, 405, 410, 414, 500, 501, 502, 503, 504])
def test_these_errors_are_cached_for_ten_seconds(status: int) -> None:
    assert fresh(status) == ERROR_SECONDS


@pytest.mark.parametrize("status", [401, 402, 406, 408, 409, 416, 422, 429, 505])
def test_other_errors_are_not_cached_even_with_max_age(status: int) -> None:
    assert fresh(status, "max-age=60") == -1


@pytest.mark.parametrize("status", [404, 410, 414, 501])
@pytest.mark.parametrize("directive", ["no-store", "no-cache", "private"])
def test_these_errors_may_refuse_to_be_cached(status: int, directive: str) -> None:
    assert fresh(status, directive) == -1


@pytest.mark.parametrize("status", [400, 403, 405, 412, 415, 500, 502, 503, 504])
def test_no_store_of_other_errors_is_ignored(status: int) -> None:
    assert fresh(status, "no-store") == ERROR_SECONDS


@pytest.mark.parametrize("status", [400, 403, 412, 415])
def test_whether_these_errors_need_max_age_is_an_assumption(status: int) -> None:
    strict = Assumptions(client_errors_need_max_age=True)

    assert of(status) == Lifetime(ERROR_SECONDS)
    assert of(status, assumptions=strict) is None
    assert of(status, "s-maxage=60", assumptions=strict) == Lifetime(60)
    assert of(404, assumptions=strict) == Lifetime(ERROR_SECONDS)


def test_an_error_is_cached_for_the_longer_of_minimum_ttl_and_max_age() -> None:
    rules = CachingRules(FROM_0, {403: 5, 503: 0})

    assert fresh(403, rules=rules) == 5
    assert fresh(403, "max-age=3", rules=rules) == 5
    assert fresh(403, "max-age=60", rules=rules) == 60
    assert fresh(403, "max-age=5000", rules=rules) == 1000
    assert fresh(503, rules=rules) == -1
    assert fresh(503, "max-age=60", rules=rules) == 60
