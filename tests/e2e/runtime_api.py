"""A Lambda Runtime API for one function: returns events one by one and keeps the answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

from scripts.local.instance import HOST

VERSION = "/2018-06-01/runtime"
INVOCATION_SECONDS = 60
ANSWER_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A request of the function; `path` is the end of the API's path."""

    path: str
    body: Any


@dataclass(slots=True)
class RuntimeApi:
    """The events and answers of one function."""

    address: str = ""
    _events: Queue[object] = field(default_factory=Queue)
    _answers: Queue[Answer] = field(default_factory=Queue)

    def invoke(self, event: object) -> Answer:
        """Return the answer to one event."""
        self._events.put(event)
        return self.answer()

    def answer(self) -> Answer:
        """Return the next answer; `queue.Empty` if there is none in time."""
        return self._answers.get(timeout=ANSWER_SECONDS)

    def next_event(self) -> object:
        """Wait for an event, as Lambda freezes a function until there is one."""
        return self._events.get()

    def keep(self, answer: Answer) -> None:
        """Keep an answer until `answer` returns it."""
        self._answers.put(answer)


@contextmanager
def serving() -> Iterator[RuntimeApi]:
    """Serve on a free port of loopback until the context ends."""
    api = RuntimeApi()
    server = ThreadingHTTPServer((HOST, 0), _handler_for(api))
    server.daemon_threads = True
    server.block_on_close = False  # otherwise a function that waits for an event would block
    api.address = f"{HOST}:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_for(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == f"{VERSION}/invocation/next"
            event = json.dumps(api.next_event()).encode()
            deadline = time.time() + INVOCATION_SECONDS
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", "request-1")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(1000 * deadline)))
            self.send_header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:us-east-1:000000000000:function:pixfleet-render",
            )
            # Without these two the client crashes with a null pointer.
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
            self.send_header("Content-Type", "application/json")
            self._end(event)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api.keep(Answer(self.path.removeprefix(f"{VERSION}/"), json.loads(body)))
            self.send_response(202)
            self._end(b"")

        def _end(self, body: bytes) -> None:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
