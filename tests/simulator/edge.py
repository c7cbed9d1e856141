"""CloudFront in virtual time: two regions, and an origin shield before each origin.

The caches are those of the local edge. An answer takes time on its way to a cache, so another
request, a publication or an invalidation may come between. Simultaneous requests are not
collapsed: CloudFront mostly does so and does not promise it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import quote, unquote

from scripts.local.edge import representation
from scripts.local.edge.cache import Answer, Cache, Lookup
from scripts.local.edge.cache_key import KeyPolicy, cache_key
from scripts.local.edge.invalidation import evicts
from scripts.local.edge.messages import Headers, Request, Response
from scripts.local.edge.origins import FAILOVER_METHODS
from tests.simulator.buckets import Version
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import DISTRIBUTION, VARIANTS, Services
from tests.support.staleness import BY_VERSION, FAILOVER_CODES, RULES, Caches

VARIANTS_ORIGIN, RENDERER_ORIGIN = "variants", "renderer"
REGIONS = range(2)

Upstream = Callable[[Request], Response]
# The headers of an object that CloudFront's viewers see, by boto3's names.
SHOWN_HEADERS = {"cache-control": "CacheControl", "content-type": "ContentType"}


class VariantsOrigin:
    """The variants bucket as the distribution may read it: a missing object is a 403.

    `refuses` decides about each request whether S3 answers 503.
    """

    def __init__(self, services: Services, refuses: Callable[[], bool]) -> None:
        self._services = services
        self._refuses = refuses

    def __call__(self, request: Request) -> Response:
        """Answer a GET."""
        if self._refuses():
            return Response(503)
        found = self._services.buckets.current(VARIANTS, stored_of(request.uri))
        if found is None:
            return Response(403)
        if request.header("if-none-match") == found.etag:
            return Response(304, _headers(found))
        return Response(200, _headers(found), found.body)


class Edge:
    """A distribution's caches: one in each region, and shields behind both if there are some.

    `renderer` is the second origin of an origin group. `travel` returns the seconds that an
    answer takes from an origin to a cache. `failed_at` has the time of the last 5xx of an origin
    by the stored key: a stale object may stand in for it.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        origin: Upstream,
        caches: Caches,
        key_policy: KeyPolicy = BY_VERSION,
        *,
        renderer: Upstream | None = None,
        travel: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._scheduler = scheduler
        self._origin = origin
        self._renderer = renderer
        self._travel = travel
        self._key_policy = key_policy
        self._regions = [Cache(scheduler.now, lambda: caches.assumptions) for _ in REGIONS]
        self._shield = Cache(scheduler.now, lambda: caches.assumptions)
        self._has_shield = caches.has_shield
        self.failed_at: dict[str, float] = {}
        self.on_the_way = 0

    def get(self, region: int, stored: str, query: str = "") -> Response:
        """Return what a viewer in a region gets for a stored key.

        Called in a task of the scheduler, because it takes the time of the origins.
        """
        request = Request("GET", uri_of(stored), query)
        lookup = Lookup(cache_key(DISTRIBUTION, request, self._key_policy), request, RULES)
        found = self._answer(self._regions[region], lookup, partial(self._group, lookup))
        return found.response

    def evict(self, paths: Sequence[str], tier: int) -> None:
        """Evict from one of the `tiers` what an invalidation names."""
        self.tiers[tier].store.evict(evicts(DISTRIBUTION, paths))

    def evict_everywhere(self, paths: Sequence[str]) -> None:
        """Evict from all tiers at once."""
        for tier in range(len(self.tiers)):
            self.evict(paths, tier)

    @property
    def tiers(self) -> Sequence[Cache]:
        """Return the caches of the regions, and the shields."""
        return (*self._regions, self._shield)

    def _group(self, lookup: Lookup, request: Request) -> Response:
        """Ask the variants bucket, and the renderer only if the bucket has no such object."""
        response = self._asked(VARIANTS_ORIGIN, self._origin, lookup, request)
        if self._renderer is None or request.method not in FAILOVER_METHODS:
            return response
        if response.status not in FAILOVER_CODES:
            return response
        return self._asked(RENDERER_ORIGIN, self._renderer, lookup, request)

    def _asked(self, name: str, origin: Upstream, lookup: Lookup, request: Request) -> Response:
        upstream = partial(self._fetch, origin)
        if not self._has_shield:
            return upstream(request)
        behind = replace(lookup, key=lookup.key.for_origin(name), request=request)
        return self._answer(self._shield, behind, upstream).response

    def _fetch(self, origin: Upstream, request: Request) -> Response:
        response = origin(request)
        if response.status >= 500:
            self.failed_at[stored_of(request.uri)] = self._scheduler.time
        self._rest(self._travel())
        return response

    def _answer(self, cache: Cache, lookup: Lookup, upstream: Upstream) -> Answer:
        """Answer as a tier of the local edge does."""
        found = cache.hit(lookup)
        if found is None:
            stale, entry = cache.stale(lookup), cache.entry(lookup)

            def refresh() -> Answer:
                return cache.receive(lookup, entry, upstream(cache.onward(lookup, entry)))

            if stale:
                self._in_background(refresh)
            found = stale or refresh()
        return replace(found, response=representation.answer(found.response, lookup.request))

    def _in_background(self, refresh: Callable[[], Answer]) -> None:
        def work() -> None:
            refresh()
            self.on_the_way -= 1

        self.on_the_way += 1
        self._scheduler.start(work)

    def _rest(self, seconds: float) -> None:
        if seconds:
            self._scheduler.sleep(seconds)


def uri_of(stored: str) -> str:
    """Return the path that the edge function rewrites to, percent-encoded."""
    return f"/{quote(stored, safe='/')}"


def stored_of(uri: str) -> str:
    """Return the stored key of a path."""
    return unquote(uri.removeprefix("/"))


def _headers(found: Version) -> Headers:
    shown: Mapping[str, str] = {
        name: found.headers[field]
        for name, field in SHOWN_HEADERS.items()
        if field in found.headers
    }
    return {**shown, "etag": found.etag}
