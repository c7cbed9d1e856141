import pytest

from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.invalidation import (
    BAD_PATH,
    BURST,
    SECONDS_IN_PROGRESS,
    THROTTLED,
    TOO_MANY,
    Invalidations,
    evicts,
)
from tests.unit.edge.fakes import DISTRIBUTION, FakeClock

WILDCARDS = [f"/{number}/*" for number in range(15)]
FILES = [f"/{number}.jpg" for number in range(3000)]


def test_fifteen_wildcards_may_be_in_progress_beside_three_thousand_files() -> None:
    invalidations = Invalidations(clock := FakeClock())
    assert invalidations.refuse(DISTRIBUTION, [*WILDCARDS, *FILES]) is None
    invalidations.begin("one", DISTRIBUTION, [*WILDCARDS, *FILES])

    assert invalidations.refuse(DISTRIBUTION, ["/x/*"]) == TOO_MANY
    assert invalidations.refuse(DISTRIBUTION, ["/x.jpg"]) == TOO_MANY
    assert invalidations.refuse("EOTHER", ["/x/*", "/x.jpg"]) is None
    clock.advance(SECONDS_IN_PROGRESS)
    assert invalidations.refuse(DISTRIBUTION, ["/x/*", "/x.jpg"]) is None


@pytest.mark.parametrize("paths", [[*WILDCARDS, "/x/*"], [*FILES, "/x.jpg"]])
def test_one_request_above_the_limit_is_refused(paths: list[str]) -> None:
    assert Invalidations(FakeClock()).refuse(DISTRIBUTION, paths) == TOO_MANY


@pytest.mark.parametrize("path", ["", "cat.jpg", "/*/cat.jpg", "/a*b*", "/" + "a" * 4000])
def test_such_a_path_is_refused(path: str) -> None:
    assert Invalidations(FakeClock()).refuse(DISTRIBUTION, ["/a", path]) == BAD_PATH


def test_calls_are_throttled_and_earned_again() -> None:
    invalidations = Invalidations(clock := FakeClock())

    assert [invalidations.throttle() for _ in range(BURST)] == [None] * BURST
    assert invalidations.throttle() == THROTTLED
    clock.advance(1.9)
    assert invalidations.throttle() == THROTTLED
    clock.advance(0.1)
    assert invalidations.throttle() is None
    clock.advance(3600)
    assert [invalidations.throttle() for _ in range(BURST + 1)][-1] == THROTTLED


def test_an_invalidation_is_in_progress_and_then_completed() -> None:
    invalidations = Invalidations(clock := FakeClock())
    before = invalidations.status("one")
    invalidations.begin("one", DISTRIBUTION, ["/a"])

    assert (before, invalidations.status("one")) == ("InProgress", "InProgress")
    clock.advance(SECONDS_IN_PROGRESS)
    assert invalidations.status("one") == "Completed"


@pytest.mark.parametrize(
    ("path", "evicted"),
    [
        ("/df/cat.jpg/w640.avif", ["", "cookie"]),
        ("/df/cat.jpg/w640.avif?v=1", ["v=1"]),
        ("/df/cat.jpg/w640.avif*", ["", "cookie", "v=1"]),
        ("/df/cat.jpg/*", ["", "cookie", "v=1"]),
        ("/*", ["", "cookie", "v=1"]),
        ("/df/cat.jpg", []),
        ("/DF/cat.jpg/*", []),
        ("/cat.jpg*", []),
    ],
)
def test_a_path_evicts_what_was_cached_under_it(path: str, evicted: list[str]) -> None:
    uri = "/df/cat.jpg/w640.avif"
    keys = {
        "": CacheKey(DISTRIBUTION, "GET", uri),
        "cookie": CacheKey(DISTRIBUTION, "HEAD", uri, cookies=(("a", "1"),), origin="s3"),
        "v=1": CacheKey(DISTRIBUTION, "GET", uri, "v=1"),
    }

    is_evicted = evicts(DISTRIBUTION, [path])

    assert [name for name, key in keys.items() if is_evicted(key)] == evicted
    assert not any(map(evicts("EOTHER", [path]), keys.values()))
