"""The cache key of a request, as a cache policy defines it.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-the-cache-key.html
The path is the one that the viewer request function returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote_plus

from scripts.local.edge.messages import Request

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which names a cache policy takes: `none`, `whitelist`, `allExcept` or `all`."""

    behaviour: str = "none"
    names: frozenset[str] = frozenset()

    def takes(self, name: str) -> bool:
        """Return whether a header, cookie or query parameter is part of the key."""
        match self.behaviour:
            case "all":
                return True
            case "allExcept":
                return name not in self.names
            case "whitelist":
                return name in self.names
            case _:
                return False


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """The parts of a request that belong to the key besides the path.

    `encodings` are those of `br` and `gzip` that the policy enables; with one of them, the
    normalised Accept-Encoding is part of the key.
    """

    query: Selection = Selection()
    headers: Selection = Selection()
    cookies: Selection = Selection()
    encodings: frozenset[str] = frozenset()

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> Self:
        """Read ParametersInCacheKeyAndForwardedToOrigin, as MiniStack stores it."""
        enabled = {
            "br": parameters.get("EnableAcceptEncodingBrotli"),
            "gzip": parameters.get("EnableAcceptEncodingGzip"),
        }
        headers = _selection(parameters, "HeaderBehavior", "Headers")
        return cls(
            query=_selection(parameters, "QueryStringBehavior", "QueryStrings"),
            headers=replace(headers, names=frozenset(map(str.lower, headers.names))),
            cookies=_selection(parameters, "CookieBehavior", "Cookies"),
            encodings=frozenset(name for name, is_enabled in enabled.items() if is_enabled),
        )


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The key of one response in the cache of a distribution.

    An origin shield caches for one origin, which is then part of the key.
    """

    distribution: str
    method: str
    uri: str
    query: str = ""
    headers: Pairs = ()
    cookies: Pairs = ()
    encodings: tuple[str, ...] = ()
    origin: str = ""

    @property
    def path(self) -> str:
        """Return the path with the query's part of the key, as an invalidation names it."""
        return f"{self.uri}?{self.query}" if self.query else self.uri

    def for_method(self, method: str) -> Self:
        """Return the key of another method."""
        return replace(self, method=method)

    def for_origin(self, origin: str) -> Self:
        """Return the key in the origin shield of an origin."""
        return replace(self, origin=origin)


def cache_key(distribution: str, request: Request, policy: KeyPolicy) -> CacheKey:
    """Return the key of a request; the order of its query's parameters counts."""
    parameters = [part for part in request.query.split("&") if part]
    return CacheKey(
        distribution,
        request.method,
        request.uri,
        "&".join(part for part in parameters if policy.query.takes(_name(part))),
        tuple(
            (name, request.header(name))
            for name in sorted(request.headers)
            if policy.headers.takes(name)
        ),
        tuple(pair for pair in cookies(request) if policy.cookies.takes(pair[0])),
        accepted_encodings(request.header("accept-encoding"), policy.encodings),
    )


def cookies(request: Request) -> Pairs:
    """Return the request's cookies in alphabetical order."""
    parts = (part.strip().partition("=") for part in request.header("cookie").split(";"))
    return tuple(sorted((name, value) for name, _, value in parts if name))


def accepted_encodings(accept: str, enabled: frozenset[str]) -> tuple[str, ...]:
    """Return those of the enabled encodings that a viewer accepts."""
    accepted = set()
    for part in accept.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            accepted.add(name)
    return tuple(sorted(accepted & enabled))


def _selection(parameters: Mapping[str, object], behaviour: str, names: str) -> Selection:
    listed = parameters.get(names)
    found = frozenset(map(str, listed)) if isinstance(listed, list | tuple) else frozenset()
    return Selection(str(parameters.get(behaviour, "none")), found)


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])
