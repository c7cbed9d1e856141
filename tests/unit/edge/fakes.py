"""An origin, a clock and one tier in front of it, without a network and without waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from scripts.local.edge.cache import Answer, Lookup, Outcome
from scripts.local.edge.cache_key import KeyPolicy, cache_key
from scripts.local.edge.lifetimes import Assumptions, CachingRules
from scripts.local.edge.messages import Request, Response, Upstream
from scripts.local.edge.tier import Tier

START = 1_800_000_000.0
DISTRIBUTION = "E2EXAMPLE"


@dataclass
class FakeClock:
    now: float = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeOrigin:
    """Answers with `response`, or with a 304 if the request names its ETag."""

    response: Response
    requests: list[Request] = field(default_factory=list)
    is_open: asyncio.Event | None = None

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        if self.is_open is not None:
            await self.is_open.wait()
        etag = self.response.header("etag")
        if etag and request.header("if-none-match") == etag:
            return Response(304, {**self.response.headers, "content-length": "0"})
        return self.response


@dataclass
class Viewer:
    """Asks one tier; `rules`, `key_policy` and `assumptions` may be replaced."""

    upstream: Upstream
    rules: CachingRules = field(default_factory=CachingRules)
    key_policy: KeyPolicy = field(default_factory=KeyPolicy)
    assumptions: Assumptions = field(default_factory=Assumptions)
    clock: FakeClock = field(default_factory=FakeClock)
    tier: Tier = field(init=False)

    def __post_init__(self) -> None:
        self.tier = Tier(self.clock, lambda: self.assumptions)

    async def get(
        self,
        uri: str = "/cat.jpg",
        *,
        method: str = "GET",
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        request = Request(method, uri, query, dict(headers or {}))
        key = cache_key(DISTRIBUTION, request, self.key_policy)
        return await self.tier.answer(Lookup(key, request, self.rules), self.upstream)

    async def outcome(self, uri: str = "/cat.jpg") -> Outcome:
        return (await self.get(uri)).outcome


def picture(
    cache_control: str = "max-age=60", *, body: bytes = b"cat", etag: str = '"one"'
) -> Response:
    headers = {"content-type": "image/jpeg", "content-length": str(len(body)), "etag": etag}
    if cache_control:
        headers["cache-control"] = cache_control
    return Response(200, headers, body)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run an async test; it fails if it does not end by itself."""

    async def bounded() -> None:
        await asyncio.wait_for(scenario(), timeout=30)

    asyncio.run(bounded())


async def run_all_tasks() -> None:
    """Let all tasks run until they wait for something that this test does."""
    for _ in range(20):
        await asyncio.sleep(0)
