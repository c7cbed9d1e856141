"""One cache: an edge location, or the origin shield behind it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from scripts.local.edge import representation
from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.lifetimes import (
    FIRST_ERROR,
    Assumptions,
    CachingRules,
    is_server_error,
    lifetime,
)
from scripts.local.edge.messages import Request, Response, Upstream
from scripts.local.edge.representation import CONDITIONS, RANGES
from scripts.local.edge.store import Entry, Store

LOG = logging.getLogger(__name__)
# Headers of a 304 that do not replace those of the stored response (RFC 9111, section 3.2).
NOT_UPDATED = ("content-encoding", "content-length", "content-range", "content-type")


class Outcome(StrEnum):
    """The values of `x-cache`.

    AWS lists the results by the field x-edge-result-type of its logs
    (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html).
    It does not say which one a stale object has; here it is a hit.
    """

    HIT = "Hit from cloudfront"
    MISS = "Miss from cloudfront"
    REFRESH_HIT = "RefreshHit from cloudfront"
    ERROR = "Error from cloudfront"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tier answers, and where it has it from."""

    response: Response
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lookup:
    """One request for a key, and whom to ask if the tier cannot answer it."""

    key: CacheKey
    request: Request
    rules: CachingRules
    upstream: Upstream


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
        self.store = store or Store()
        self._clock = clock
        self._assumptions = assumptions
        self._flights: dict[CacheKey, asyncio.Task[Answer]] = {}

    async def answer(self, lookup: Lookup) -> Answer:
        """Answer one request, with 304, a range or headers only where it asks for them."""
        request = lookup.request
        if request.method not in lookup.rules.methods or not lookup.rules.ttl.maximum:
            response = await lookup.upstream(request)
            return Answer(response, _outcome(response, Outcome.MISS))
        found = await self._whole(lookup)
        return replace(found, response=representation.answer(found.response, request))

    async def _whole(self, lookup: Lookup) -> Answer:
        if (hit := self._cached(lookup)) is not None:
            return hit
        entry = self.store.get(lookup.key)
        if entry is not None and entry.is_usable_while_revalidating(self._clock()):
            if lookup.key not in self._flights:
                self._start(lookup).add_done_callback(_log_failure)
            return self._from(entry, Outcome.HIT)
        flight = self._flights.get(lookup.key)
        if flight is None:
            # A viewer that goes away does not end the request for those that wait.
            return await asyncio.shield(self._start(lookup))
        await asyncio.wait({flight})
        return self._cached(lookup) or await self._refresh(lookup)

    def _cached(self, lookup: Lookup) -> Answer | None:
        """Return the answer from the cache; a cached GET answers HEAD, too."""
        keys = [lookup.key]
        if lookup.request.method == "HEAD":
            keys.insert(0, lookup.key.for_method("GET"))
        for key in keys:
            entry = self.store.get(key)
            if entry is not None and entry.is_usable(self._clock()):
                return self._from(entry, Outcome.HIT)
        return None

    def _start(self, lookup: Lookup) -> asyncio.Task[Answer]:
        flight = asyncio.create_task(self._refresh(lookup))
        self._flights[lookup.key] = flight
        flight.add_done_callback(lambda _: self._flights.pop(lookup.key))
        return flight

    async def _refresh(self, lookup: Lookup) -> Answer:
        """Ask upstream, and store what may be cached."""
        entry = self.store.get(lookup.key)
        request = lookup.request.without(*CONDITIONS, *RANGES)
        if entry is not None:
            request = request.with_headers(entry.conditions())
        response = await lookup.upstream(request)
        if entry is not None and response.status == 304:  # noqa: PLR2004 - Not Modified
            merged = entry.response.with_headers(response.without(*NOT_UPDATED).headers)
            return self._stored(lookup, merged, Outcome.REFRESH_HIT)
        if entry is not None and self._stands_in(entry, response):
            retry_at = self._clock() + lookup.rules.error_ttl(response.status)
            self.store.put(lookup.key, replace(entry, retry_at=retry_at))
            return self._from(entry, Outcome.HIT)
        return self._stored(lookup, response, Outcome.MISS)

    def _stands_in(self, entry: Entry, response: Response) -> bool:
        """Return whether a stale object is served instead of an error."""
        return is_server_error(response.status) and entry.is_usable_on_error(self._clock())

    def _stored(self, lookup: Lookup, response: Response, outcome: Outcome) -> Answer:
        now, assumptions = self._clock(), self._assumptions()
        found = lifetime(response, lookup.rules, assumptions, now)
        initial_age = _age(response) if assumptions.age_counts else 0.0
        if found is None:
            self.store.remove(lookup.key)
        else:
            kept = response.without("age")
            self.store.put(lookup.key, Entry(kept, now, found, initial_age))
        if not assumptions.age_counts:
            response = response.without("age")
        return Answer(response, _outcome(response, outcome))

    def _from(self, entry: Entry, outcome: Outcome) -> Answer:
        age = str(int(entry.age(self._clock())))
        return Answer(entry.response.with_headers({"age": age}), _outcome(entry.response, outcome))


def _outcome(response: Response, otherwise: Outcome) -> Outcome:
    return Outcome.ERROR if response.status >= FIRST_ERROR else otherwise


def _age(response: Response) -> float:
    text = response.header("age")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _log_failure(flight: "asyncio.Task[Answer]") -> None:
    if not flight.cancelled() and (failure := flight.exception()) is not None:
        LOG.error("revalidation in the background failed", exc_info=failure)
