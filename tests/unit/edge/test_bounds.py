"""Random reads of a picture that is replaced: no answer is older than it may be."""

from dataclasses import dataclass, field
from random import Random

import pytest

from scripts.local.edge.cache_key import KeyPolicy
from scripts.local.edge.clock import SettableClock
from scripts.local.edge.edge import Edge, Route
from scripts.local.edge.messages import Request, Response
from scripts.local.edge.origins import Origin
from shared.model.cache_control import VARIANT
from tests.support.staleness import (
    BY_PATH,
    BY_VERSION,
    ONE_CACHE,
    RULES,
    SHIELD,
    SHIELD_WITH_AGE,
    Caches,
)
from tests.unit.edge.fakes import DISTRIBUTION, START, run, run_all_tasks

SCHEDULES, STEPS = 20, 60
ALL_CACHES = pytest.mark.parametrize(
    "caches",
    [
        pytest.param(ONE_CACHE, id="one-cache"),
        pytest.param(SHIELD, id="shield"),
        pytest.param(SHIELD_WITH_AGE, id="shield-and-age"),
    ],
)


@dataclass
class Replaced:
    """A picture behind an edge; its body is the number of its version."""

    edge: Edge = field(default_factory=lambda: Edge(SettableClock(lambda: START)))
    shield: str = ""
    key_policy: KeyPolicy = BY_VERSION
    replaced_at: list[float] = field(default_factory=list)

    @property
    def version(self) -> int:
        return len(self.replaced_at)

    def replace(self) -> None:
        self.replaced_at.append(self.edge.clock())

    async def read(self, query: str = "") -> int:
        """Return the version that a viewer sees."""
        origins = (Origin("s3", shield=self.shield),)
        route = Route(DISTRIBUTION, origins, rules=RULES, key_policy=self.key_policy)
        answer = await self.edge.answer(route, Request("GET", "/a.jpg", query), self._fetch)
        await run_all_tasks()
        return int(answer.response.body)

    def behind_seconds(self, seen: int) -> float:
        """Return for how long a version that was seen is no longer the current one."""
        return self.edge.clock() - self.replaced_at[seen] if seen < self.version else 0.0

    async def _fetch(self, _: Origin, request: Request) -> Response:
        etag = f'"{self.version}"'
        headers = {"cache-control": VARIANT, "etag": etag}
        if request.header("if-none-match") == etag:
            return Response(304, headers)
        return Response(200, headers, str(self.version).encode())


async def schedule(picture: Replaced, seed: int, bound: float) -> list[str]:
    """Replace, read and wait in a random order; return which answers were too old."""
    dice, wrong = Random(seed), []  # noqa: S311 - no secret
    for _ in range(STEPS):
        picture.edge.clock.advance(dice.choice((0, 1, 30, 61, 150, 299, 301, 400)))
        if dice.random() < 0.2:
            picture.replace()
        named = dice.choice((picture.version, dice.randint(0, picture.version)))
        if (seen := await picture.read(f"v={named}")) < named:
            wrong.append(f"seed {seed}: version {seen} under the URL of {named}")
        if (behind := picture.behind_seconds(await picture.read())) > bound:
            wrong.append(f"seed {seed}: {behind:g} s behind")
    return wrong


@ALL_CACHES
def test_no_answer_is_older_than_it_may_be(caches: Caches) -> None:
    async def scenario() -> None:
        for seed in range(SCHEDULES):
            picture = Replaced(shield="eu-west-1" if caches.has_shield else "")
            picture.edge.assumptions = caches.assumptions
            assert await schedule(picture, seed, caches.picture_seconds) == []

    run(scenario)


@ALL_CACHES
def test_earlier_content_that_is_back_is_shown_under_its_url_within_the_bound(
    caches: Caches,
) -> None:
    """The version follows from the content, so the URL is one that others have used meanwhile."""

    async def scenario() -> None:
        picture = await restored(caches)
        seen = [await picture.read("v=0")]
        picture.edge.clock.advance(caches.picture_seconds / 2)
        seen.append(await picture.read("v=0"))
        picture.edge.clock.advance(caches.picture_seconds / 2)
        seen.append(await picture.read("v=0"))

        assert (seen[0], seen[-1]) == (1, 0)

    run(scenario)


@ALL_CACHES
def test_an_eviction_shows_earlier_content_that_is_back_at_once(caches: Caches) -> None:
    async def scenario() -> None:
        picture = await restored(caches)
        picture.edge.evict_all()

        assert await picture.read("v=0") == 0

    run(scenario)


async def restored(caches: Caches) -> Replaced:
    """Return a picture of content 0, then 1, then 0, whose old URL was read in between."""
    picture = Replaced(shield="eu-west-1" if caches.has_shield else "")
    picture.edge.assumptions = caches.assumptions
    assert await picture.read("v=0") == 0
    picture.replace()
    picture.edge.clock.advance(caches.picture_seconds)
    assert await picture.read("v=0") == 1
    picture.replaced_at.clear()
    return picture


def test_without_the_version_in_the_key_a_new_url_shows_the_old_picture() -> None:
    async def scenario() -> None:
        wrong = [
            line
            for seed in range(SCHEDULES)
            for line in await schedule(
                Replaced(key_policy=BY_PATH), seed, ONE_CACHE.picture_seconds
            )
        ]

        assert any("under the URL of" in line for line in wrong)

    run(scenario)


def test_behind_a_shield_an_answer_may_be_older_than_one_cache_allows() -> None:
    async def scenario() -> None:
        wrong = [
            line
            for seed in range(SCHEDULES)
            for line in await schedule(
                Replaced(shield="eu-west-1"), seed, ONE_CACHE.picture_seconds
            )
        ]

        assert any("behind" in line for line in wrong)

    run(scenario)
