"""HTTP requests and responses between a viewer, the tiers of the edge and an origin."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Self

# By name in lower case; a repeated field is a list.
Headers = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `uri` and `query` are percent-encoded, as they are sent."""

    method: str
    uri: str
    query: str = ""
    headers: Headers = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the value of a header in lower case; empty without one."""
        return header(self.headers, name)

    def without(self, *names: str) -> Self:
        """Return the request without some headers."""
        kept = {name: value for name, value in self.headers.items() if name not in names}
        return replace(self, headers=kept)

    def with_headers(self, added: Headers) -> Self:
        """Return the request with more headers, which replace those of the same name."""
        return replace(self, headers={**self.headers, **added})


class Failure(Enum):
    """Why an origin sent no response."""

    NO_CONNECTION = auto()
    TIMED_OUT = auto()


@dataclass(frozen=True, slots=True)
class Response:
    """A response; with `failure`, the edge made it because the origin sent none."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    failure: Failure | None = None

    def header(self, name: str) -> str:
        """Return the value of a header in lower case; empty without one."""
        return header(self.headers, name)

    def with_headers(self, added: Headers) -> Self:
        """Return the response with more headers, which replace those of the same name."""
        return replace(self, headers={**self.headers, **added})

    def without(self, *names: str) -> Self:
        """Return the response without some headers."""
        kept = {name: value for name, value in self.headers.items() if name not in names}
        return replace(self, headers=kept)


# What answers a tier's requests: the next tier, or an origin.
Upstream = Callable[[Request], Awaitable[Response]]


def header(headers: Headers, name: str) -> str:
    """Return the value of a header; those of a repeated field are joined by commas."""
    value = headers.get(name, "")
    return value if isinstance(value, str) else ", ".join(value)
