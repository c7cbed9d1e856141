"""What one cache answers and stores, without waiting: a tier adds the requests of others."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus

from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.lifetimes import (
    FIRST_ERROR,
    Assumptions,
    CachingRules,
    is_server_error,
    lifetime,
)
from scripts.local.edge.messages import Request, Response
from scripts.local.edge.representation import CONDITIONS, RANGES
from scripts.local.edge.store import Entry, Store

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
    """What a cache answers, and where it has it from."""

    response: Response
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lookup:
    """One request for a key, and the rules by which its response is cached."""

    key: CacheKey
    request: Request
    rules: CachingRules


class Cache:
    """The stored responses of one tier, and what it makes of those that it receives."""

    def __init__(
        self,
        clock: Callable[[], float],
        assumptions: Callable[[], Assumptions] = Assumptions,
        store: Store | None = None,
    ) -> None:
        self.store = store or Store()
        self._clock = clock
        self._assumptions = assumptions

    def entry(self, lookup: Lookup) -> Entry | None:
        """Return what is stored for a lookup, fresh or stale."""
        return self.store.get(lookup.key)

    def hit(self, lookup: Lookup) -> Answer | None:
        """Return the answer that needs no request; a cached GET answers HEAD, too."""
        keys = [lookup.key]
        if lookup.request.method == "HEAD":
            keys.insert(0, lookup.key.for_method("GET"))
        for key in keys:
            entry = self.store.get(key)
            if entry is not None and entry.is_usable(self._clock()):
                return self._from(entry)
        return None

    def stale(self, lookup: Lookup) -> Answer | None:
        """Return the stale answer that may be given while the next tier or origin is asked."""
        entry = self.entry(lookup)
        if entry is not None and entry.is_usable_while_revalidating(self._clock()):
            return self._from(entry)
        return None

    def onward(self, lookup: Lookup, entry: Entry | None) -> Request:
        """Return the request for a whole object, or for whether the entry's one has changed."""
        request = lookup.request.without(*CONDITIONS, *RANGES)
        return request if entry is None else request.with_headers(entry.conditions())

    def receive(self, lookup: Lookup, entry: Entry | None, response: Response) -> Answer:
        """Store what may be cached of the response to `onward`, and return the answer."""
        if entry is not None and response.status == HTTPStatus.NOT_MODIFIED:
            merged = entry.response.with_headers(response.without(*NOT_UPDATED).headers)
            return self._stored(lookup, merged, Outcome.REFRESH_HIT)
        if entry is not None and self._stands_in(entry, response):
            retry_at = self._clock() + lookup.rules.error_ttl(response.status)
            self.store.put(lookup.key, replace(entry, retry_at=retry_at))
            return self._from(entry)
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
        return Answer(response, outcome_of(response, outcome))

    def _from(self, entry: Entry) -> Answer:
        age = str(int(entry.age(self._clock())))
        response = entry.response.with_headers({"age": age})
        return Answer(response, outcome_of(response, Outcome.HIT))


def outcome_of(response: Response, otherwise: Outcome) -> Outcome:
    """Return the outcome of an answer: errors have one of their own."""
    return Outcome.ERROR if response.status >= FIRST_ERROR else otherwise


def _age(response: Response) -> float:
    text = response.header("age")
    return float(text) if text.isascii() and text.isdigit() else 0.0
