"""Writes one log line for each call: who asked for what, and what became of it."""

from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from shared.clock import Clock

log = structlog.get_logger()

REQUEST_ID = "X-Request-Id"
NO_STORE = (b"cache-control", b"no-store")
NO_SNIFF = (b"x-content-type-options", b"nosniff")


class Audit:
    """Wraps an application; the line has no header, no query and no body.

    They may hold tokens, and the response may be a presigned URL.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and log the call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request_id = self._clock.now(), _request_id(scope)
        noted: dict[str, object] = {}
        scope.setdefault("state", {}).update(audit=noted, request_id=request_id)
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                own = (REQUEST_ID.lower().encode(), request_id.encode())
                message["headers"] = [*message.get("headers", []), own, NO_STORE, NO_SNIFF]
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, note_status)
            finally:
                seconds = round(self._clock.now() - began, 3)
                fields = {"method": scope["method"], "status": status, "seconds": seconds}
                log.info("api call", **fields, **noted)


def request_id_of(request: Request) -> str:
    """Return the id of a request, by which its log lines are found."""
    return str(request.state.request_id)


def _request_id(scope: Scope) -> str:
    """Return API Gateway's id of the request, which its own access log has too; or a new one."""
    event = scope.get("aws.event") or {}
    given = str((event.get("requestContext") or {}).get("requestId", ""))
    return given if given.isascii() and given.isprintable() and given else uuid4().hex
