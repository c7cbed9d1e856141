"""One tier: the cache of an edge location, or of the origin shield behind it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from scripts.local.edge import representation
from scripts.local.edge.cache import Answer, Cache, Lookup, Outcome, outcome_of
from scripts.local.edge.lifetimes import Assumptions
from scripts.local.edge.messages import Upstream
from scripts.local.edge.store import Store

if TYPE_CHECKING:
    from scripts.local.edge.cache_key import CacheKey

LOG = logging.getLogger(__name__)


class Tier:
    """Answers from its cache, and asks the next tier or the origin for the rest.

    Simultaneous requests for one key are collapsed: one goes on, and the others wait for it
    (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes).
    CloudFront waits for a short time only, and so may collapse fewer. Requests that waited for a
    response that is not cached go on by themselves.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        assumptions: Callable[[], Assumptions] = Assumptions,
        store: Store | None = None,
    ) -> None:
        self._cache = Cache(clock, assumptions, store)
        self.store = self._cache.store
        self._flights: dict[CacheKey, asyncio.Task[Answer]] = {}

    async def answer(self, lookup: Lookup, upstream: Upstream) -> Answer:
        """Answer one request, with 304, a range or headers only where it asks for them.

        `upstream` is asked for what the tier cannot answer.
        """
        request = lookup.request
        if request.method not in lookup.rules.methods or not lookup.rules.ttl.maximum:
            response = await upstream(request)
            return Answer(response, outcome_of(response, Outcome.MISS))
        found = await self._whole(lookup, upstream)
        return replace(found, response=representation.answer(found.response, request))

    async def _whole(self, lookup: Lookup, upstream: Upstream) -> Answer:
        if (hit := self._cache.hit(lookup)) is not None:
            return hit
        if (stale := self._cache.stale(lookup)) is not None:
            if lookup.key not in self._flights:
                self._start(lookup, upstream).add_done_callback(_log_failure)
            return stale
        flight = self._flights.get(lookup.key)
        if flight is None:
            # A viewer that goes away does not end the request for those that wait.
            return await asyncio.shield(self._start(lookup, upstream))
        await asyncio.wait({flight})
        return self._cache.hit(lookup) or await self._refresh(lookup, upstream)

    def _start(self, lookup: Lookup, upstream: Upstream) -> asyncio.Task[Answer]:
        flight = asyncio.create_task(self._refresh(lookup, upstream))
        self._flights[lookup.key] = flight
        flight.add_done_callback(lambda _: self._flights.pop(lookup.key))
        return flight

    async def _refresh(self, lookup: Lookup, upstream: Upstream) -> Answer:
        """Ask upstream, and store what may be cached."""
        entry = self._cache.entry(lookup)
        response = await upstream(self._cache.onward(lookup, entry))
        return self._cache.receive(lookup, entry, response)


def _log_failure(flight: "asyncio.Task[Answer]") -> None:
    if not flight.cancelled() and (failure := flight.exception()) is not None:
        LOG.error("revalidation in the background failed", exc_info=failure)
