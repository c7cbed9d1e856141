"""Answers the operator's own browser only, and gives every response its security headers.

The server listens on loopback, but any page that is open in the browser can send requests there:

- A page of another site whose host name points to 127.0.0.1 (DNS rebinding) has another Host.
- Its forms and scripts have another Origin, and no cookie, since the cookie is `SameSite=Strict`.
- Another user of this machine has neither the token nor the cookie.

https://owasp.org/www-community/attacks/csrf and https://github.com/taviso/rbndr on rebinding.
"""

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

START = "/start"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
FORBIDDEN = 403
HTTP_PORT = 80
USED = "This address was used before: start `pixfleet console` again."
NO_SESSION = "Open the address that `pixfleet console` printed when it started."
SAFE_METHODS = frozenset({"GET", "HEAD"})
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    # Only what a response of htmx brings becomes HTML: see the policy in static/console.js.
    "require-trusted-types-for 'script'; trusted-types default",
    "x-content-type-options": "nosniff",
    # With no-referrer a browser sends `Origin: null` with the forms of our own pages:
    # https://fetch.spec.whatwg.org/#append-a-request-origin-header
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass
class Keys:
    """What one run of the console knows its browser by; `token` is for the first request only."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    is_token_used: bool = False

    def spend(self, token: str) -> bool:
        """Return whether this is the token, and was not used before."""
        if self.is_token_used or not _same(token, self.token):
            return False
        self.is_token_used = True
        return True


@dataclass(frozen=True, slots=True)
class Guard:
    """ASGI middleware; `host` is the only accepted Host, such as `127.0.0.1:5590`."""

    app: ASGIApp
    keys: Keys
    host: str

    @property
    def cookie(self) -> str:
        """Return the cookie's name, which has the port: cookies of all ports are in one jar.

        https://www.rfc-editor.org/rfc/rfc6265#section-8.5
        """
        return f"pixfleet_console_{self.host.partition(':')[2] or HTTP_PORT}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request of anything but the operator's browser, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no WebSocket is accepted
        answer = self._answer(Request(scope))
        await (answer or self.app)(scope, receive, _with_headers(send))

    def _answer(self, request: Request) -> Response | None:
        """Return the response to a request that is not passed on."""
        if problem := self._problem(request):
            return PlainTextResponse(f"{problem}\n", FORBIDDEN)
        if request.url.path != START:
            return None
        response = RedirectResponse("/", 303)
        response.set_cookie(self.cookie, self.keys.session, httponly=True, samesite="strict")
        return response

    def _problem(self, request: Request) -> str:
        """Return why a request is refused; empty if it is not."""
        headers = request.headers
        if headers.get("host") != self.host:
            return f"Expected the address http://{self.host}/."
        if not self._is_own_origin(headers, request.method):
            return "Expected a request of the console's own pages."
        if request.url.path == START:
            return "" if self._may_start(request) else USED
        return "" if self._has_session(request) else NO_SESSION

    def _may_start(self, request: Request) -> bool:
        """Return whether this is the first request, or one of the browser that sent it.

        A restored tab sends it again, and a browser may load an address before it is opened.
        """
        if self._has_session(request):
            return True
        token = request.query_params.get("token", "")
        return request.method == "GET" and self.keys.spend(token)

    def _has_session(self, request: Request) -> bool:
        return _same(request.cookies.get(self.cookie, ""), self.keys.session)

    def _is_own_origin(self, headers: Headers, method: str) -> bool:
        """Return whether the Origin is ours; browsers send it with every request that changes."""
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return False
        origin = headers.get("origin", "" if method in SAFE_METHODS else "none")
        return origin in ("", f"http://{self.host}")


def is_csrf_token(given: str, keys: Keys) -> bool:
    """Return whether a form or script sent the token of the console's own pages."""
    return _same(given, keys.csrf)


def _same(given: str, expected: str) -> bool:
    return compare_digest(given.encode(), expected.encode())


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
