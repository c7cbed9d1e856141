"""A second port of MiniStack, which a browser can open: everything on it is the distribution.

A browser cannot send the distribution's host name to loopback, and does not use HTTPS there. The
port adds both.
"""

import json
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from scripts.local.edge.control import PATH, control
from scripts.local.edge.edge import Edge

HOST = "127.0.0.1"
# ASGI's types: https://asgi.readthedocs.io/en/latest/specs/www.html
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
NO_DISTRIBUTION = "There is no distribution yet: `make up` creates one.\n"
NOT_FOUND = 404


def listen(preferred: int) -> socket.socket:
    """Return a socket that listens on loopback; on another port if the preferred one is taken."""
    for port in (preferred, 0):
        listener = socket.socket()
        # Connections in TIME_WAIT do not make a port taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except OSError:
            listener.close()
            if port == 0:
                raise
        else:
            break
    return listener


def with_browser_port(
    app: App, edge: Edge, port: int, domain_name: Callable[[], str | None]
) -> App:
    """Return an ASGI application that also answers browsers on `port`, and controls the edge.

    `domain_name` returns the distribution's host name, None before there is one.
    """
    url = f"http://{HOST}:{port}"

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
        elif scope["server"][1] == port:
            await _answer_browser(app, domain_name(), scope, receive, send)
        elif scope["path"] == PATH:
            body = await _body(receive)
            status, document = control(edge, url, scope["method"], body)
            await _send(send, status, "application/json", json.dumps(document))
        else:
            await app(scope, receive, send)

    return answered


async def _answer_browser(
    app: App, domain_name: str | None, scope: Scope, receive: Receive, send: Send
) -> None:
    if domain_name is None:
        await _send(send, NOT_FOUND, "text/plain; charset=utf-8", NO_DISTRIBUTION)
        return
    replaced = (b"host", b"x-forwarded-proto")
    headers = [each for each in scope["headers"] if each[0].lower() not in replaced]
    headers += [(b"host", domain_name.encode()), (b"x-forwarded-proto", b"https")]
    await app({**scope, "headers": headers}, receive, send)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, status: int, content_type: str, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
