"""A door before AWS: shut, it refuses every object to one bucket as a broken policy would.

No emulator at hand enforces IAM, and to the worker it is the answer that counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlsplit

from scripts.local.instance import HOST

DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Door:
    """Passes everything on to AWS, but no PUT to the bucket while it is shut."""

    def __init__(self, endpoint_url: str, bucket: str) -> None:
        self._is_shut = Event()
        self.bucket = bucket
        self.aws = urlsplit(endpoint_url).netloc
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if door.stall(self):
                    self.close_connection = True
                    return
                status, headers, answer = door.answer(self, body)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if self.command != "HEAD":  # whose length is of what is not sent
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing: a test's output is its own."""

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{HOST}:{self.server.server_port}"

    def shut(self) -> None:
        """Refuse the bucket from now on."""
        self._is_shut.set()

    def open(self) -> None:
        """Mend the permission."""
        self._is_shut.clear()

    def stall(self, asked: BaseHTTPRequestHandler) -> bool:
        """Answer a request so slowly that it never ends, and return whether this was done."""
        del asked
        return False

    def answer(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return what AWS answers, or its refusal."""
        is_refused = asked.command == "PUT" and asked.path.startswith(f"/{self.bucket}/")
        if is_refused and self._is_shut.is_set():
            return 403, [("Content-Type", "application/xml")], DENIED
        connection = HTTPConnection(self.aws, timeout=30)
        try:
            connection.request(asked.command, asked.path, body, dict(asked.headers.items()))
            answer = connection.getresponse()
            headers = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in OF_ONE_CONNECTION
                or (asked.command == "HEAD" and name.lower() == "content-length")
            ]
            return answer.status, headers, answer.read()
        finally:
            connection.close()


@contextmanager
def door_before(endpoint_url: str, bucket: str) -> Iterator[Door]:
    """Give a door that is open, until the block ends."""
    door = Door(endpoint_url, bucket)
    thread = Thread(target=door.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.server.shutdown()
        door.server.server_close()
        thread.join()
