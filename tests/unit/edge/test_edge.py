import asyncio
from dataclasses import dataclass, field

from scripts.local.edge.cache import Answer, Outcome
from scripts.local.edge.cache_key import KeyPolicy
from scripts.local.edge.clock import SettableClock
from scripts.local.edge.edge import Edge, Route
from scripts.local.edge.lifetimes import Assumptions, CachingRules
from scripts.local.edge.messages import Failure, Request, Response
from scripts.local.edge.origins import Origin
from tests.unit.edge.fakes import DISTRIBUTION, START, picture, run, run_all_tasks

HIT, MISS, REFRESH = Outcome.HIT, Outcome.MISS, Outcome.REFRESH_HIT
S3, RENDERER = Origin("s3"), Origin("renderer", attempts=1)
SHIELDED = Origin("s3", shield="eu-west-1")


@dataclass
class Served:
    """An edge in front of origins that answer by their id."""

    responses: dict[str, Response]
    edge: Edge = field(default_factory=lambda: Edge(SettableClock(lambda: START)))
    asked: list[tuple[str, Request]] = field(default_factory=list)
    is_open: asyncio.Event | None = None

    async def get(self, route: Route, uri: str = "/a.jpg", method: str = "GET") -> Answer:
        return await self.edge.answer(route, Request(method, uri), self._fetch)

    async def _fetch(self, origin: Origin, request: Request) -> Response:
        self.asked.append((origin.id, request))
        if self.is_open is not None:
            await self.is_open.wait()
        response = self.responses[origin.id]
        if (etag := response.header("etag")) and request.header("if-none-match") == etag:
            return Response(304, {"etag": etag})
        return response

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


def group(*origins: Origin, codes: frozenset[int] = frozenset({403, 404})) -> Route:
    return Route(DISTRIBUTION, origins, codes)


def test_the_answer_of_the_second_origin_is_cached_under_its_own_lifetime() -> None:
    async def scenario() -> None:
        made = picture("max-age=31536000, s-maxage=60", body=b"made")
        served = Served({"s3": Response(403), "renderer": made})
        first = await served.get(group(S3, RENDERER))
        second = await served.get(group(S3, RENDERER))
        served.edge.clock.advance(60)
        served.responses["s3"] = picture(body=b"stored", etag='"two"')
        third = await served.get(group(S3, RENDERER))

        assert (first.outcome, first.response.body) == (MISS, b"made")
        assert (second.outcome, second.response.body) == (HIT, b"made")
        assert (third.outcome, third.response.body) == (MISS, b"stored")
        assert served.names == ["s3", "renderer", "s3"]

    run(scenario)


def test_simultaneous_misses_of_a_group_render_once() -> None:
    async def scenario() -> None:
        served = Served({"s3": Response(404), "renderer": picture()}, is_open=asyncio.Event())
        asked = [asyncio.create_task(served.get(group(S3, RENDERER))) for _ in range(12)]
        await run_all_tasks()
        assert served.is_open is not None
        served.is_open.set()
        await asyncio.gather(*asked)

        assert served.names == ["s3", "renderer"]

    run(scenario)


def test_options_fails_over_only_if_it_is_cached() -> None:
    async def scenario() -> None:
        served = Served({"s3": Response(403), "renderer": picture()})
        plain, cached = (
            Route(
                DISTRIBUTION,
                (S3, RENDERER),
                frozenset({403}),
                CachingRules(methods=frozenset({"GET", "HEAD", *more})),
            )
            for more in ((), ("OPTIONS",))
        )
        await served.get(plain, method="OPTIONS")
        await served.get(cached, method="OPTIONS")

        assert served.names == ["s3", "s3", "renderer"]

    run(scenario)


def test_a_stale_object_stands_in_for_an_origin_that_sends_nothing() -> None:
    async def scenario() -> None:
        served = Served({"s3": picture()})
        await served.get(group(S3))
        served.responses["s3"] = Response(504, failure=Failure.TIMED_OUT)
        served.edge.clock.advance(3600)
        stale = await served.get(group(S3))

        assert (stale.outcome, stale.response.body) == (HIT, b"cat")
        assert served.names == ["s3"] * (1 + 3)

    run(scenario)


def test_a_shield_answers_the_location_and_is_revalidated_through_it() -> None:
    async def scenario() -> None:
        served = Served({"s3": picture("max-age=60")})
        await served.get(group(SHIELDED))
        served.edge.location.store.evict(lambda _: True)
        served.edge.clock.advance(40)
        from_shield = await served.get(group(SHIELDED))
        served.edge.clock.advance(60)
        refreshed = await served.get(group(SHIELDED))

        assert (from_shield.outcome, from_shield.response.header("age")) == (MISS, "")
        assert refreshed.outcome == REFRESH
        assert [request.header("if-none-match") for _, request in served.asked] == ["", '"one"']

    run(scenario)


def test_two_tiers_may_keep_an_object_for_twice_its_lifetime_unless_the_age_counts() -> None:
    async def scenario(assumptions: Assumptions, body: bytes) -> None:
        served = Served({"s3": picture("max-age=60")})
        served.edge.assumptions = assumptions
        await served.get(group(SHIELDED), "/other.jpg")
        await served.get(group(SHIELDED))
        served.edge.location.store.evict(lambda _: True)
        served.edge.clock.advance(59)
        await served.get(group(SHIELDED))
        served.responses["s3"] = picture(body=b"dog", etag='"two"')
        served.edge.clock.advance(59)

        assert (await served.get(group(SHIELDED))).response.body == body

    run(lambda: scenario(Assumptions(age_counts=False), b"cat"))
    run(lambda: scenario(Assumptions(age_counts=True), b"dog"))


def test_a_shield_caches_the_errors_of_its_origin_but_not_those_of_another() -> None:
    async def scenario() -> None:
        served = Served({"s3": Response(403), "renderer": picture("no-store")})
        both = group(SHIELDED, Origin("renderer", shield="eu-west-1"))
        answers = [await served.get(both) for _ in range(2)]

        assert [each.response.status for each in answers] == [200, 200]
        assert served.names == ["s3", "renderer", "renderer"]

    run(scenario)


def test_an_origin_that_is_to_fail_is_not_asked_but_counted() -> None:
    async def scenario() -> None:
        served = Served({"s3": picture("no-store"), "renderer": picture("no-store")})
        served.edge.failing = {"s3": 503}
        failed = await served.get(group(S3, RENDERER))
        served.edge.failing = {}
        served.edge.clock.advance(60)
        answered = await served.get(group(S3, RENDERER))

        assert (failed.response.status, answered.response.status) == (503, 200)
        assert served.names == ["s3"]
        assert served.edge.origin_requests == {"s3": 2}

    run(scenario)


def test_an_invalidation_evicts_from_both_tiers() -> None:
    async def scenario() -> None:
        served = Served({"s3": picture()})
        for uri in ("/a.jpg", "/b.jpg"):
            await served.get(group(SHIELDED), uri)
        served.edge.invalidate("I1", DISTRIBUTION, ["/a*"])
        for uri in ("/a.jpg", "/b.jpg"):
            await served.get(group(SHIELDED), uri)

        assert [request.uri for _, request in served.asked] == ["/a.jpg", "/b.jpg", "/a.jpg"]
        assert served.edge.origin_requests.total() == 3

    run(scenario)


def test_an_answer_on_its_way_during_an_invalidation_is_cached_afterwards() -> None:
    async def scenario() -> None:
        served = Served({"s3": picture()}, is_open=asyncio.Event())
        asked = asyncio.create_task(served.get(group(S3)))
        await run_all_tasks()
        served.edge.invalidate("I1", DISTRIBUTION, ["/*"])
        assert served.is_open is not None
        served.is_open.set()
        await asked

        assert (await served.get(group(S3))).outcome == HIT

    run(scenario)


def test_distributions_share_nothing() -> None:
    async def scenario() -> None:
        served = Served({"s3": picture()})
        for distribution in ("E1", "E2"):
            await served.get(Route(distribution, (S3,), key_policy=KeyPolicy()))

        assert served.names == ["s3", "s3"]

    run(scenario)
