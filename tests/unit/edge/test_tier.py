import asyncio

import pytest

from scripts.local.edge.cache import Outcome
from scripts.local.edge.cache_key import KeyPolicy, Selection
from scripts.local.edge.lifetimes import Assumptions, CachingRules, TimeToLive
from scripts.local.edge.messages import Request, Response
from tests.unit.edge.fakes import FakeOrigin, Viewer, picture, run, run_all_tasks

HIT, MISS, REFRESH, ERROR = Outcome.HIT, Outcome.MISS, Outcome.REFRESH_HIT, Outcome.ERROR


def test_the_second_request_is_a_hit_with_its_age() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60")))
        first = await viewer.get()
        viewer.clock.advance(59.9)
        second = await viewer.get()

        assert (first.outcome, second.outcome) == (MISS, HIT)
        assert (first.response.header("age"), second.response.header("age")) == ("", "59")
        assert second.response.body == b"cat"
        assert len(origin.requests) == 1

    run(scenario)


def test_an_expired_object_that_has_not_changed_is_refreshed_by_a_304() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60")))
        await viewer.get()
        viewer.clock.advance(60)
        refreshed = await viewer.get()
        viewer.clock.advance(59)
        third = await viewer.get()

        assert (refreshed.outcome, refreshed.response.status) == (REFRESH, 200)
        assert refreshed.response.body == b"cat"
        assert refreshed.response.header("content-length") == "3"
        assert (third.outcome, third.response.header("age")) == (HIT, "59")
        assert [each.header("if-none-match") for each in origin.requests] == ["", '"one"']

    run(scenario)


def test_a_304_brings_new_headers() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60")))
        await viewer.get()
        viewer.clock.advance(60)
        origin.response = picture("max-age=600")
        await viewer.get()
        viewer.clock.advance(599)

        assert (await viewer.get()).outcome == HIT
        assert (await viewer.get()).response.header("cache-control") == "max-age=600"

    run(scenario)


def test_an_expired_object_that_has_changed_is_replaced() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture()))
        await viewer.get()
        origin.response = picture(body=b"dog", etag='"two"')
        assert (await viewer.get()).response.body == b"cat"
        viewer.clock.advance(60)
        replaced = await viewer.get()

        assert (replaced.outcome, replaced.response.body) == (MISS, b"dog")

    run(scenario)


def test_a_fresh_object_answers_a_viewers_condition_with_304() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture()))
        await viewer.get()
        unchanged = await viewer.get(headers={"if-none-match": '"one"'})

        assert (unchanged.outcome, unchanged.response.status) == (HIT, 304)
        assert len(origin.requests) == 1

    run(scenario)


def test_a_viewers_condition_and_range_are_not_sent_to_the_origin() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture()))
        unchanged = await viewer.get(headers={"if-none-match": '"one"', "accept": "*/*"})
        part = await viewer.get("/dog.jpg", headers={"range": "bytes=0-0"})

        assert unchanged.response.status == 304
        assert (part.outcome, part.response.status, part.response.body) == (MISS, 206, b"c")
        assert [dict(each.headers) for each in origin.requests] == [{"accept": "*/*"}, {}]
        assert (await viewer.get("/dog.jpg")).response.body == b"cat"
        assert len(origin.requests) == 2

    run(scenario)


def test_head_is_answered_by_a_cached_get_but_not_the_other_way_round() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture()))
        head = await viewer.get(method="HEAD")
        assert (head.outcome, head.response.body) == (MISS, b"")
        assert head.response.header("content-length") == "3"
        assert (await viewer.get(method="HEAD")).outcome == HIT
        viewer.clock.advance(30)
        assert (await viewer.get()).outcome == MISS
        viewer.clock.advance(1)
        of_get = await viewer.get(method="HEAD")

        assert (of_get.outcome, of_get.response.header("age")) == (HIT, "1")
        assert [each.method for each in origin.requests] == ["HEAD", "GET"]

    run(scenario)


def test_options_is_cached_if_the_behaviour_says_so() -> None:
    async def scenario() -> None:
        rules = CachingRules(methods=frozenset({"GET", "HEAD", "OPTIONS"}))
        viewer = Viewer(FakeOrigin(picture()), rules=rules)
        assert (await viewer.get()).outcome == MISS
        first, second = [await viewer.get(method="OPTIONS") for _ in range(2)]
        conditional = await viewer.get(method="OPTIONS", headers={"if-none-match": "*"})

        assert (first.outcome, second.outcome) == (MISS, HIT)
        assert conditional.response.status == 200

    run(scenario)


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "DELETE"])
def test_other_methods_are_not_cached(method: str) -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture()))
        for _ in range(2):
            assert (await viewer.get(method=method)).outcome == MISS
        assert (await viewer.get()).outcome == MISS

        assert len(origin.requests) == 3

    run(scenario)


def test_a_maximum_ttl_of_0_caches_nothing_and_passes_conditions_on() -> None:
    async def scenario() -> None:
        viewer = Viewer(
            origin := FakeOrigin(picture()), rules=CachingRules(TimeToLive(0, 0, maximum=0))
        )
        await viewer.get()
        unchanged = await viewer.get(headers={"if-none-match": '"one"'})

        assert (unchanged.outcome, unchanged.response.status) == (MISS, 304)
        assert len(origin.requests) == 2

    run(scenario)


def test_one_distributions_keys_are_those_of_the_policy() -> None:
    async def scenario() -> None:
        versions = KeyPolicy(query=Selection("whitelist", frozenset({"v"})))
        viewer = Viewer(origin := FakeOrigin(picture()), key_policy=versions)
        for query in ("w=1&v=a", "w=2&v=a", "v=b", ""):
            await viewer.get(query=query)

        assert [each.query for each in origin.requests] == ["w=1&v=a", "v=b", ""]

    run(scenario)


def test_stale_while_revalidate_answers_at_once_and_refreshes_in_the_background() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60, stale-while-revalidate=30")))
        await viewer.get()
        origin.response = picture("max-age=60", body=b"dog", etag='"two"')
        origin.is_open = asyncio.Event()
        viewer.clock.advance(89)
        stale = [await viewer.get() for _ in range(3)]

        assert {(each.outcome, each.response.body) for each in stale} == {(HIT, b"cat")}
        assert stale[0].response.header("age") == "89"
        origin.is_open.set()
        await run_all_tasks()
        assert len(origin.requests) == 2
        assert (await viewer.get()).response.body == b"dog"

    run(scenario)


def test_after_the_time_for_stale_objects_a_viewer_waits_for_the_origin() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60, stale-while-revalidate=30")))
        await viewer.get()
        origin.response = picture(body=b"dog", etag='"two"')
        viewer.clock.advance(90)

        assert (await viewer.get()).response.body == b"dog"

    run(scenario)


def test_simultaneous_misses_are_one_request_to_the_origin() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture(), is_open=asyncio.Event()))
        asked = [asyncio.create_task(viewer.get()) for _ in range(12)]
        await run_all_tasks()
        assert len(origin.requests) == 1
        assert origin.is_open is not None
        origin.is_open.set()
        answers = await asyncio.gather(*asked)

        assert [each.outcome for each in answers] == [MISS] + [HIT] * 11
        assert {each.response.body for each in answers} == {b"cat"}
        assert len(origin.requests) == 1

    run(scenario)


def test_requests_that_waited_for_an_uncacheable_response_go_on_by_themselves() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("no-store"), is_open=asyncio.Event()))
        asked = [asyncio.create_task(viewer.get()) for _ in range(3)]
        await run_all_tasks()
        assert len(origin.requests) == 1
        assert origin.is_open is not None
        origin.is_open.set()
        answers = await asyncio.gather(*asked)

        assert [each.outcome for each in answers] == [MISS] * 3
        assert len(origin.requests) == 3

    run(scenario)


def test_a_viewer_that_goes_away_does_not_end_the_request_of_the_others() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture(), is_open=asyncio.Event()))
        first, second = (asyncio.create_task(viewer.get()) for _ in range(2))
        await run_all_tasks()
        first.cancel()
        await run_all_tasks()
        assert origin.is_open is not None
        origin.is_open.set()

        assert (await second).outcome == HIT
        assert len(origin.requests) == 1

    run(scenario)


def test_a_failure_of_the_first_request_is_not_the_failure_of_those_that_wait() -> None:
    async def scenario() -> None:
        attempts = 0

        async def breaks_once(_: Request) -> Response:
            nonlocal attempts
            attempts += 1
            number = attempts
            await run_all_tasks()
            if number == 1:
                raise RuntimeError("of the first request")
            return picture()

        viewer = Viewer(breaks_once)
        first, second = (asyncio.create_task(viewer.get()) for _ in range(2))

        with pytest.raises(RuntimeError, match="of the first request"):
            await first
        assert (await second).outcome == MISS
        assert (await viewer.get()).outcome == HIT

    run(scenario)


def test_an_error_is_cached_and_then_asked_for_again() -> None:
    async def scenario() -> None:
        rules = CachingRules(error_seconds={403: 5})
        viewer = Viewer(origin := FakeOrigin(Response(403, {}, b"denied")), rules=rules)
        assert (await viewer.get()).outcome == ERROR
        origin.response = picture()
        viewer.clock.advance(4.9)
        cached = await viewer.get()
        viewer.clock.advance(0.1)

        assert (cached.outcome, cached.response.status) == (ERROR, 403)
        assert cached.response.header("age") == "4"
        assert (await viewer.get()).outcome == MISS

    run(scenario)


def test_a_stale_object_stands_in_for_a_5xx_until_the_next_attempt() -> None:
    async def scenario() -> None:
        viewer = Viewer(
            origin := FakeOrigin(picture()), rules=CachingRules(error_seconds={503: 5})
        )
        await viewer.get()
        origin.response = Response(503)
        viewer.clock.advance(3600)
        stood_in = [await viewer.get() for _ in range(2)]
        asked_until_then = len(origin.requests)
        viewer.clock.advance(5)
        await viewer.get()

        assert {(each.outcome, each.response.body) for each in stood_in} == {(HIT, b"cat")}
        assert stood_in[0].response.header("age") == "3600"
        assert (asked_until_then, len(origin.requests)) == (2, 3)

    run(scenario)


@pytest.mark.parametrize(("seconds", "status"), [(89, 200), (90, 503)])
def test_stale_if_error_limits_for_how_long(seconds: float, status: int) -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60, stale-if-error=30")))
        await viewer.get()
        origin.response = Response(503)
        viewer.clock.advance(seconds)

        assert (await viewer.get()).response.status == status

    run(scenario)


def test_a_4xx_takes_the_place_of_a_stale_object() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture()))
        await viewer.get()
        origin.response = Response(403)
        viewer.clock.advance(60)
        assert (await viewer.get()).response.status == 403
        origin.response = Response(503)
        viewer.clock.advance(60)

        assert (await viewer.get()).response.status == 503

    run(scenario)


def test_an_object_that_may_no_longer_be_cached_is_dropped() -> None:
    async def scenario() -> None:
        viewer = Viewer(origin := FakeOrigin(picture("max-age=60")))
        await viewer.get()
        origin.response = picture("no-store", etag='"two"')
        viewer.clock.advance(60)
        await viewer.get()

        assert len(viewer.tier.store) == 0

    run(scenario)


@pytest.mark.parametrize(
    ("assumptions", "first_age", "ages"),
    [
        pytest.param(Assumptions(age_counts=False), "", ("19", "20"), id="begins-anew"),
        pytest.param(Assumptions(age_counts=True), "40", ("59", "40"), id="counts"),
    ],
)
def test_whether_the_age_of_the_tier_behind_counts_is_an_assumption(
    assumptions: Assumptions, first_age: str, ages: tuple[str, str]
) -> None:
    async def scenario() -> None:
        aged = picture("max-age=60", etag="").with_headers({"age": "40"})
        viewer = Viewer(FakeOrigin(aged), assumptions=assumptions)
        first = await viewer.get()
        viewer.clock.advance(19)
        hit = await viewer.get()
        viewer.clock.advance(1)
        last = await viewer.get()

        assert first.response.header("age") == first_age
        assert (hit.outcome, last.outcome) == (HIT, MISS if assumptions.age_counts else HIT)
        assert (hit.response.header("age"), last.response.header("age")) == ages

    run(scenario)


def test_a_304_without_age_makes_an_object_as_good_as_new() -> None:
    async def scenario() -> None:
        aged = picture("max-age=60").with_headers({"age": "40"})
        viewer = Viewer(origin := FakeOrigin(aged), assumptions=Assumptions(age_counts=True))
        await viewer.get()
        origin.response = picture("max-age=60")
        viewer.clock.advance(20)
        assert (await viewer.get()).outcome == REFRESH
        viewer.clock.advance(59)

        assert (await viewer.get()).response.header("age") == "59"

    run(scenario)
