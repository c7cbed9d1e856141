"""A route of the API: the one description from which requests are read and OpenAPI is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from typing import Any, get_type_hints

import msgspec

from worker.api.problems import BadRequest, InternalError, Problem, Unauthenticated, Unavailable

# What any call with a caller may be answered with.
ANYWHERE: tuple[type[Problem], ...] = (BadRequest, Unauthenticated, InternalError, Unavailable)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    The endpoint's parameters say what is read from the request: names of the path, `query` (a
    struct, one field for each parameter), `body` (a struct, from JSON), `form` (a struct). Its
    docstring is the route's description. `answers` has the body's type for each good status.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]  # returns a Reply, or one to wait for
    answers: Mapping[int, type | None]
    problems: tuple[type[Problem], ...] = ()
    is_public: bool = False

    @property
    def name(self) -> str:
        """Return the name of the operation."""
        return self.endpoint.__name__

    @property
    def query(self) -> type[msgspec.Struct] | None:
        """Return the type of the query; None if the route takes no parameters."""
        return _types(self.endpoint).get("query")

    @property
    def body(self) -> type[msgspec.Struct] | None:
        """Return the type of the JSON body; None if the route takes none."""
        return _types(self.endpoint).get("body")

    @property
    def form(self) -> type[msgspec.Struct] | None:
        """Return the type of the form; None if the route takes none."""
        return _types(self.endpoint).get("form")

    @property
    def path_parameters(self) -> Mapping[str, Any]:
        """Return the types of the names in the path."""
        types = _types(self.endpoint)
        names = [part.strip("{}") for part in self.path.split("/") if part.startswith("{")]
        return {name: types[name] for name in names}

    @property
    def all_problems(self) -> tuple[type[Problem], ...]:
        """Return what the route may be answered with instead of success."""
        return self.problems if self.is_public else (*self.problems, *ANYWHERE)

    @property
    def summary(self) -> str:
        """Return the first line of the endpoint's docstring."""
        return self.description.partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """Return the endpoint's docstring."""
        return cleandoc(self.endpoint.__doc__ or "")


@cache
def _types(endpoint: Callable[..., Any]) -> Mapping[str, Any]:
    return get_type_hints(endpoint, include_extras=True)
