"""How long CloudFront caches a response.

Sources, in CloudFront's developer guide
(https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/):
`Expiration.html` for objects and stale ones, `http-3xx-status-codes.html` for redirects,
`HTTPStatusCodes.html` and `custom-error-pages-expiration.html` for errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import inf

from scripts.local.edge.cache_control import (
    NEVER_STORED,
    directives,
    explicit_seconds,
    seconds_of,
)
from scripts.local.edge.messages import Response

DAY, YEAR = 86_400, 31_536_000
# CloudFront's default for a status to which the distribution gives no error caching minimum TTL.
ERROR_SECONDS = 10.0
FIRST_ERROR, FIRST_SERVER_ERROR = 400, 500
CACHED = frozenset({200, 203, 204, 300, 301, 302})
CACHED_WITH_CACHE_CONTROL = frozenset({307, 308})
# HTTPStatusCodes.html lists these, without 410; custom-error-pages-expiration.html treats 410 as
# one of them.
ERRORS_CACHED = frozenset({404, 405, 410, 414, 500, 501, 502, 503, 504})
ERRORS_CACHED_WITH_MAX_AGE = frozenset({400, 403, 412, 415})
# For all other errors, CloudFront ignores no-store, no-cache and private
# (custom-error-pages-expiration.html).
ERRORS_THAT_MAY_REFUSE = frozenset({404, 410, 414, 501})


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """The TTLs of a cache policy in seconds; with a maximum of 0, nothing is cached."""

    minimum: float = 0
    default: float = DAY
    maximum: float = YEAR


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the documentation leaves open.

    `age_counts`: a tier subtracts the `Age` of the tier behind it from the lifetime, as RFC 9111
    (section 4.2.3) says; otherwise each tier begins anew. Neither is documented. By default each
    tier begins anew, because pictures are then older.

    `client_errors_need_max_age`: 400, 403, 412 and 415 are cached only with max-age or s-maxage,
    as HTTPStatusCodes.html says. By custom-error-pages-expiration.html, every error is cached for
    its minimum TTL. That is the default, because a new picture is then missing for longer.
    """

    age_counts: bool = False
    client_errors_need_max_age: bool = False


@dataclass(frozen=True, slots=True)
class CachingRules:
    """How a cache behaviour caches: its TTLs, the minimum TTL of errors by status, its methods.

    GET and HEAD are always cached, and OPTIONS only if it is one of the behaviour's cached methods
    (HTTPStatusCodes.html).
    """

    ttl: TimeToLive = TimeToLive()
    error_seconds: Mapping[int, float] = field(default_factory=dict)
    methods: frozenset[str] = frozenset({"GET", "HEAD"})

    def error_ttl(self, status: int) -> float:
        """Return the error caching minimum TTL of a status, in seconds."""
        return self.error_seconds.get(status, ERROR_SECONDS)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """For how many seconds a response is fresh, and for how many more it may be used stale."""

    fresh: float
    while_revalidating: float = 0.0
    if_error: float = 0.0


def lifetime(
    response: Response, rules: CachingRules, assumptions: Assumptions, now: float
) -> Lifetime | None:
    """Return how long a response is cached; None if it is not.

    A lifetime of 0 is cached, too: each use asks the origin whether the object has changed.
    """
    if response.status >= FIRST_ERROR:
        fresh = _error_seconds(response, rules, assumptions, now)
        return Lifetime(fresh) if fresh else None
    return _object_lifetime(response, rules.ttl, now)


def _object_lifetime(response: Response, ttl: TimeToLive, now: float) -> Lifetime | None:
    found = directives(response.header("cache-control"))
    if response.status not in CACHED | CACHED_WITH_CACHE_CONTROL:
        return None
    if response.status in CACHED_WITH_CACHE_CONTROL and not found:
        return None
    if NEVER_STORED & found.keys():
        return Lifetime(ttl.minimum, if_error=_if_error(found, ttl)) if ttl.minimum else None
    stated = explicit_seconds(response, now)
    wanted = ttl.default if stated is None else min(stated, ttl.maximum)
    return Lifetime(
        max(ttl.minimum, wanted),
        while_revalidating=min(seconds_of(found, "stale-while-revalidate") or 0, ttl.maximum),
        if_error=_if_error(found, ttl),
    )


def _if_error(found: Mapping[str, str], ttl: TimeToLive) -> float:
    """Return how long a stale object may stand in for a 5xx.

    Without the directive it may for as long as it is in the cache (HTTPStatusCodes.html).
    """
    stated = seconds_of(found, "stale-if-error")
    return inf if stated is None else min(stated, ttl.maximum)


def _error_seconds(
    response: Response, rules: CachingRules, assumptions: Assumptions, now: float
) -> float:
    status, found = response.status, directives(response.header("cache-control"))
    if status in ERRORS_THAT_MAY_REFUSE and NEVER_STORED & found.keys():
        return 0.0
    stated = explicit_seconds(response, now)
    if status in ERRORS_CACHED_WITH_MAX_AGE:
        if stated is None and assumptions.client_errors_need_max_age:
            return 0.0
    elif status not in ERRORS_CACHED:
        return 0.0
    return max(rules.error_ttl(status), min(stated or 0.0, rules.ttl.maximum))


def is_server_error(status: int) -> bool:
    """Return whether the edge may answer with a stale object instead of this status."""
    return status >= FIRST_SERVER_ERROR


def is_object(status: int) -> bool:
    """Return whether a stale response of this status may be used."""
    return HTTPStatus.OK <= status < FIRST_ERROR
