"""CloudFront in virtual time: two regions, and an origin shield before the variants bucket.

The caches are those of the local edge. A request takes no time, so none has to wait for another.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scripts.local.edge import representation
from scripts.local.edge.cache import Answer, Cache, Lookup
from scripts.local.edge.cache_key import KeyPolicy, cache_key
from scripts.local.edge.messages import Headers, Request, Response
from tests.simulator.buckets import Version
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import VARIANTS, Services
from tests.support.staleness import BY_VERSION, RULES, Caches

DISTRIBUTION, ORIGIN = "distribution", "variants"
REGIONS = range(2)

Upstream = Callable[[Request], Response]


class VariantsOrigin:
    """The variants bucket as the distribution may read it: a missing object is a 403.

    `refuses` decides about each request whether S3 answers 503. `refused_at` has the time of the
    last such answer by URI.
    """

    def __init__(self, services: Services, refuses: Callable[[], bool]) -> None:
        self._services = services
        self._refuses = refuses
        self.refused_at: dict[str, float] = {}

    def __call__(self, request: Request) -> Response:
        """Answer a GET."""
        if self._refuses():
            self.refused_at[request.uri] = self._services.scheduler.time
            return Response(503)
        found = self._services.buckets.current(VARIANTS, request.uri.removeprefix("/"))
        if found is None:
            return Response(403)
        if request.header("if-none-match") == found.etag:
            return Response(304, _headers(found))
        return Response(200, _headers(found), found.body)


class Edge:
    """A distribution's caches: one in each region, and the shield behind both if there is one."""

    def __init__(
        self,
        scheduler: Scheduler,
        origin: Upstream,
        caches: Caches,
        key_policy: KeyPolicy = BY_VERSION,
    ) -> None:
        self._origin = origin
        self._key_policy = key_policy
        self._regions = [Cache(scheduler.now, lambda: caches.assumptions) for _ in REGIONS]
        self._shield = Cache(scheduler.now, lambda: caches.assumptions)
        self._has_shield = caches.has_shield

    def get(self, region: int, uri: str, query: str = "") -> Response:
        """Return what a viewer in a region gets; `uri` is the path of a stored object."""
        request = Request("GET", uri, query)
        lookup = Lookup(cache_key(DISTRIBUTION, request, self._key_policy), request, RULES)
        upstream = partial(self._behind_region, lookup) if self._has_shield else self._origin
        return answer(self._regions[region], lookup, upstream).response

    def _behind_region(self, lookup: Lookup, request: Request) -> Response:
        behind = replace(lookup, key=lookup.key.for_origin(ORIGIN), request=request)
        return answer(self._shield, behind, self._origin).response


def answer(cache: Cache, lookup: Lookup, upstream: Upstream) -> Answer:
    """Answer as a tier of the local edge does, if its upstream answers at once."""
    found = cache.hit(lookup)
    if found is None:
        stale, entry = cache.stale(lookup), cache.entry(lookup)
        found = cache.receive(lookup, entry, upstream(cache.onward(lookup, entry)))
        found = stale or found
    return replace(found, response=representation.answer(found.response, lookup.request))


def _headers(found: Version) -> Headers:
    return {"cache-control": found.headers["CacheControl"], "etag": found.etag}
