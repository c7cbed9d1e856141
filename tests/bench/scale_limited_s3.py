"""A proxy in front of a local S3 that answers SlowDown to writes of one bucket above a rate."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread, local
from urllib.parse import urlsplit

from shared.clock import SystemClock
from tests.simulator.request_rate import RequestRate

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class WriteLog:
    """When each write was accepted or refused, in seconds by the monotonic clock."""

    def __init__(self, per_second: float) -> None:
        self._rate = RequestRate(SystemClock(), per_second)
        self._lock = Lock()
        self.accepted: list[float] = []
        self.refused = 0

    def accept(self) -> bool:
        """Return whether a write that arrives now is accepted, and remember it."""
        with self._lock:
            if self._rate.accept():
                self.accepted.append(time.monotonic())
                return True
            self.refused += 1
            return False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    upstream: str
    bucket: str
    log: WriteLog
    connections: local

    def do_GET(self) -> None:
        self._forward()

    def do_HEAD(self) -> None:
        self._forward()

    def do_PUT(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_DELETE(self) -> None:
        self._forward()

    def _forward(self) -> None:
        body = self._body()
        is_write = self.command in {"PUT", "POST", "DELETE"}
        if is_write and self.path.startswith(f"/{self.bucket}/") and not self.log.accept():
            self._answer(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
            return
        connection = self._connection()
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        headers = {
            name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP
        }
        self._answer(answer.status, headers, content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _connection(self) -> HTTPConnection:
        if not hasattr(self.connections, "s3"):
            self.connections.s3 = HTTPConnection(self.upstream, timeout=60)
        connection: HTTPConnection = self.connections.s3
        return connection

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def limited_s3(
    endpoint_url: str, bucket: str, per_second: float
) -> Iterator[tuple[str, WriteLog]]:
    """Yield the URL of a proxy that accepts so many writes of a bucket a second, and its log."""
    log = WriteLog(per_second)
    fields = {
        "upstream": urlsplit(endpoint_url).netloc,
        "bucket": bucket,
        "log": log,
        "connections": local(),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), fields))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", log
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
