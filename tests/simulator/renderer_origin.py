"""The renderer as CloudFront's second origin: a function URL, and a check of its answers."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from scripts.local.edge.messages import Request, Response
from shared.model.keys import MANIFEST_NAME, parse_stored_key
from tests.simulator.edge import stored_of
from tests.simulator.functions import Function, Throttled
from tests.simulator.pictures import rendered
from tests.simulator.publications import Publications
from tests.simulator.scheduler import Died, Scheduler
from tests.simulator.source_history import Picture, SourceHistory


class WrongAnswer(AssertionError):
    """The renderer answered with bytes that nobody may see."""


class RendererOrigin:
    """Invokes the function for each request, as often as its concurrency allows."""

    def __init__(
        self,
        scheduler: Scheduler,
        function: Function,
        history: SourceHistory,
        publications: Publications,
    ) -> None:
        self._scheduler = scheduler
        self._function = function
        self._history = history
        self._publications = publications
        self.counts: Counter[str] = Counter()

    def __call__(self, request: Request) -> Response:
        """Answer a request; called in a task of the scheduler."""
        began_at = self._scheduler.time
        try:
            answer = self._function.call(event_of(request))
        except Throttled:
            self.counts["renderer throttled"] += 1
            return Response(HTTPStatus.TOO_MANY_REQUESTS)
        except Died:
            self.counts["renderer died"] += 1
            return Response(HTTPStatus.BAD_GATEWAY)
        response = response_of(answer)
        self.counts[f"renderer answered {response.status}"] += 1
        if response.status == HTTPStatus.OK:
            self._check(stored_of(request.uri), response, began_at)
        return response

    def _check(self, stored: str, response: Response, began_at: float) -> None:
        """Check that the bytes are those of a source that was current during the invocation.

        Or they are stored or of the version that was published, because a picture keeps its
        published version until the new one is; then the age of what viewers read is checked.
        """
        key, name = parse_stored_key(stored)
        if self._publications.is_known(stored, response.body) and name == MANIFEST_NAME:
            return
        shown = [
            picture
            for picture in self._allowed(key, response.body, began_at)
            if (right := rendered(picture.body, picture.recipe).get(name))
            and right.data == response.body
        ]
        if not shown:
            raise WrongAnswer(f"The renderer answered /{stored} with {response.body!r}.")
        last = max(shown, key=lambda each: each.until)
        self._publications.note_answer(stored, response.body, last.version, last.until)

    def _allowed(self, key: str, body: bytes, began_at: float) -> Iterator[Picture]:
        is_stored = self._publications.is_known_of(key, body)
        yield from self._history.pictures(key, 0.0 if is_stored else began_at)
        published = self._publications.versions_since(key, began_at)
        yield from (each for each in self._history.pictures(key, 0.0) if each.version in published)


def event_of(request: Request) -> dict[str, Any]:
    """Return the event of a function URL.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
    """
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.uri,
        "rawQueryString": request.query,
        "headers": {name: request.header(name) for name in request.headers},
        "requestContext": {"http": {"method": request.method, "path": request.uri}},
        "isBase64Encoded": False,
    }


def response_of(answer: object) -> Response:
    """Return the HTTP response to a function's answer; 502 for one of no known form."""
    if not isinstance(answer, Mapping) or "statusCode" not in answer:
        return Response(HTTPStatus.BAD_GATEWAY)
    body = str(answer.get("body") or "")
    data = b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): str(value) for name, value in answer.get("headers", {}).items()}
    return Response(int(answer["statusCode"]), headers, data)
