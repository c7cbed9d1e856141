"""The renderer's HTTP server: what a proxy's connection carries besides the request line."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

import pytest

from worker.renderer.response import Response
from worker.renderer.server import RendererServer, RequestHandler, Server

pytestmark = pytest.mark.unit

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


class _Connection:
    """A socket whose bytes are all there at once."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self.received = b""

    def settimeout(self, _: float) -> None:
        """Accept a time-out that no test waits for."""

    def makefile(self, *_: object) -> BytesIO:
        return BytesIO(self._sent)

    def sendall(self, data: bytes) -> None:
        self.received += bytes(data)


class _Renderer:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer(self, _method: str, target: str, _headers: Mapping[str, str]) -> Response:
        self.asked.append(target)
        return Response(200, {"content-type": "image/webp"}, b"picture")


def exchange(sent: bytes) -> tuple[list[str], bytes]:
    """Return the targets that a connection asked for, and the bytes that it received."""
    renderer, connection = _Renderer(), _Connection(sent)
    server = object.__new__(Server)  # without a socket
    server.renderer = cast("RendererServer", renderer)
    RequestHandler(cast("Any", connection), ("127.0.0.1", 1), server)
    return renderer.asked, connection.received


def test_a_connection_has_several_requests() -> None:
    asked, received = exchange(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + NEXT)

    assert asked == ["/first", "/next"]
    assert received.count(b"\r\n\r\npicture") == 2


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: %d" % len(NEXT),
        b"Content-Length: +0",
        b"Transfer-Encoding: chunked",
        b"transfer-encoding: identity\r\nContent-Length: 0",
    ],
    ids=["length", "odd length", "chunked", "both"],
)
def test_the_body_of_a_request_is_never_taken_for_the_next_one(header: bytes) -> None:
    asked, received = exchange(b"GET /first HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n" + NEXT)

    assert asked == ["/first"]
    assert received.lower().count(b"connection: close\r\n") == 1


def test_a_body_of_no_bytes_keeps_the_connection() -> None:
    asked, _ = exchange(b"GET /first HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + NEXT)

    assert asked == ["/first", "/next"]


def test_another_method_ends_the_connection() -> None:
    asked, received = exchange(b"POST /first HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + NEXT)

    assert asked == []
    assert received.startswith(b"HTTP/1.1 501 ")
