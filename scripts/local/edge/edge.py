"""The whole edge: one edge location, and an origin shield for each region that has one."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from scripts.local.edge.cache import Answer, Lookup
from scripts.local.edge.cache_key import CacheKey, KeyPolicy, cache_key
from scripts.local.edge.clock import SettableClock
from scripts.local.edge.invalidation import Invalidations, evicts
from scripts.local.edge.lifetimes import Assumptions, CachingRules
from scripts.local.edge.messages import Request, Response, Upstream
from scripts.local.edge.origins import Origin, with_attempts, with_failover
from scripts.local.edge.tier import Tier

Fetch = Callable[[Origin, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a cache behaviour sends requests, and how it caches the responses.

    `origins` are one origin, or the primary and the secondary of an origin group.
    """

    distribution: str
    origins: tuple[Origin, ...]
    failover_codes: frozenset[int] = frozenset()
    rules: CachingRules = field(default_factory=CachingRules)
    key_policy: KeyPolicy = field(default_factory=KeyPolicy)


class Edge:
    """Answers viewers of all distributions from one location.

    An origin shield is a second tier, in front of one origin, so in an origin group the shield of
    the primary origin also caches its errors
    (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-shield.html).
    """

    def __init__(self, clock: SettableClock | None = None) -> None:
        self.clock = clock or SettableClock()
        self.assumptions = Assumptions()
        self.invalidations = Invalidations(self.clock)
        self.origin_requests: Counter[str] = Counter()
        self.failing: Mapping[str, int] = {}
        self.location = self._tier()
        self.shields: dict[str, Tier] = {}

    async def answer(self, route: Route, request: Request, fetch: Fetch) -> Answer:
        """Answer a request; `fetch` asks an origin once.

        An origin that is in `failing` is not asked: it answers with the status that it has there.
        """
        key = cache_key(route.distribution, request, route.key_policy)
        members = [
            partial(self._behind_location, route.rules, key, fetch, origin)
            for origin in route.origins
        ]
        return await self.location.answer(
            Lookup(key, request, route.rules), _group(route, members)
        )

    def invalidate(self, name: str, distribution: str, paths: Sequence[str]) -> None:
        """Evict from all tiers.

        An answer that is on its way through a tier can still be cached afterwards, as on AWS.
        """
        self.invalidations.begin(name, distribution, paths)
        for tier in (self.location, *self.shields.values()):
            tier.store.evict(evicts(distribution, paths))

    def evict_all(self) -> None:
        """Evict every response of every tier."""
        for tier in (self.location, *self.shields.values()):
            tier.store.evict(lambda _: True)

    async def _behind_location(
        self, rules: CachingRules, key: CacheKey, fetch: Fetch, origin: Origin, request: Request
    ) -> Response:
        asked = partial(with_attempts, origin, partial(self._counted, fetch, origin))
        if not origin.shield:
            return await asked(request)
        shield = self.shields.setdefault(origin.shield, self._tier())
        behind = Lookup(key.for_origin(origin.id), request, rules)
        return (await shield.answer(behind, asked)).response

    async def _counted(self, fetch: Fetch, origin: Origin, request: Request) -> Response:
        self.origin_requests[origin.id] += 1
        if status := self.failing.get(origin.id):
            return Response(status)
        return await fetch(origin, request)

    def _tier(self) -> Tier:
        return Tier(self.clock, lambda: self.assumptions)


def _group(route: Route, members: Sequence[Upstream]) -> Upstream:
    if len(members) == 1:
        return members[0]
    # OPTIONS fails over only if the behaviour caches it.
    codes = route.failover_codes

    async def answer(request: Request) -> Response:
        usable = codes if request.method in route.rules.methods else frozenset[int]()
        return await with_failover(members[0], members[1], usable, request)

    return answer
