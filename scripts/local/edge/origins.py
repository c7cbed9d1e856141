"""Asks an origin, or the two of an origin group.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.local.edge.messages import Failure, Request, Response, Upstream

# OPTIONS only if the behaviour caches it.
FAILOVER_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# For other methods, CloudFront does not ask again after a time-out
# (RequestAndResponseBehaviorCustomOrigin.html#request-custom-request-timeout).
METHODS_ASKED_AGAIN = frozenset({"GET", "HEAD"})
# An origin that cannot be reached counts as a 503, and one that is too slow as a 504.
FAILOVER_CODES = {Failure.NO_CONNECTION: 503, Failure.TIMED_OUT: 504}
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin; `shield` is the region of its origin shield, and `settings` MiniStack's own."""

    id: str
    attempts: int = ATTEMPTS
    shield: str = ""
    settings: Mapping[str, object] = field(default_factory=dict, compare=False)


async def with_attempts(origin: Origin, upstream: Upstream, request: Request) -> Response:
    """Ask an origin, and again if it sends no response, up to its number of attempts."""
    attempts = origin.attempts if request.method in METHODS_ASKED_AGAIN else 1
    response = await upstream(request)
    for _ in range(attempts - 1):
        if response.failure is None:
            break
        response = await upstream(request)
    return response


async def with_failover(
    primary: Upstream, secondary: Upstream, codes: frozenset[int], request: Request
) -> Response:
    """Ask the primary origin, and the secondary one if the first fails with one of the codes.

    Each request asks the primary origin first. The secondary gets the same request, and its
    response counts, whatever it is.
    """
    response = await primary(request)
    code = FAILOVER_CODES[response.failure] if response.failure else response.status
    if request.method in FAILOVER_METHODS and code in codes:
        return await secondary(request)
    return response
