"""Asks the edge of a running local AWS for its address, and puts its clock forward."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.local.edge.control import PATH
from scripts.local.instance import HOST, DidNotStart, Instance

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class EdgeClient:
    """The edge of one local AWS."""

    instance: Instance

    def url(self) -> str:
        """Return the address of the distribution for a browser, without a slash at its end.

        Raises `DidNotStart` if the local AWS has no edge.
        """
        return str(self.describe()["url"])

    def describe(self) -> Mapping[str, Any]:
        """Return the edge's address, clock, assumptions and counts."""
        return self._ask("GET")

    def advance(self, seconds: float) -> None:
        """Put the edge's clock forward."""
        self._ask("POST", advance_seconds=seconds)

    def let_fail(self, **statuses: int) -> None:
        """Have these origins answer with a status from now on, and no others."""
        self._ask("POST", failing=statuses)

    def evict_all(self) -> None:
        """Evict every response from every cache."""
        self._ask("POST", evict_all=True)

    def _ask(self, method: str, **changes: object) -> Mapping[str, Any]:
        connection = http.client.HTTPConnection(HOST, self.instance.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, PATH, json.dumps(changes) if changes else None)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise DidNotStart(
                f"The local AWS at {self.instance.endpoint_url} does not answer: {error}"
            ) from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise DidNotStart(
                f"The edge answered {answer.status}: {body!r}. See {self.instance.log}"
            )
        document: Mapping[str, Any] = json.loads(body)
        return document
