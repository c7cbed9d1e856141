"""The renderer behind a proxy, outside of Lambda: an HTTP server in the runner's process.

The proxy asks the variants bucket first, and this server for what the bucket does not have, under
the same path. It listens on loopback unless it is told otherwise, and checks no signature.
"""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, ClassVar

from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Cause, Misconfigured
from shared.settings import Settings
from worker.ready_children import log_ready
from worker.renderer.context import RendererContext, build_context
from worker.renderer.policy import LOCAL_POLICY
from worker.renderer.request import read_request
from worker.renderer.response import NOT_MODIFIED, Response, unavailable
from worker.renderer.serve import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

# As the function on AWS has them.
ANSWER_SECONDS = 25.0
MOST_REQUESTS = 32
# A proxy keeps connections open; an idle one has a thread.
IDLE_SECONDS = 60


class RendererServer:
    """Serves requests until it is closed."""

    def __init__(self, context: RendererContext, host: str, port: int) -> None:
        self._context = context
        self._requests = BoundedSemaphore(MOST_REQUESTS)
        try:
            self._server = Server((host, port), self)
        except OSError as error:
            raise Misconfigured(
                "The environment cannot be used",
                [f"PIXFLEET_ON_DEMAND_PORT: expected a free port of {host}, got {port}: {error}"],
            ) from error
        self._thread = Thread(target=self._server.serve_forever, name="renderer", daemon=True)

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return self._server.server_port

    def open(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Accept no more requests, end those that have begun, and stop the render children."""
        self._server.shutdown()
        self._thread.join()
        for _ in range(MOST_REQUESTS):
            self._requests.acquire(timeout=ANSWER_SECONDS)
        self._server.server_close()
        self._context.render_pool.close()

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Response:
        """Return the response to one request; `target` is path and query as they were sent."""
        path, _, query = target.partition("?")
        deadline = Deadline.after(ANSWER_SECONDS, self._context.clock)
        with self._admission() as is_admitted:
            if not is_admitted:
                return unavailable(Cause.THROTTLED)
            return serve(
                lambda: read_request(method, path, query, headers), self._context, deadline
            )

    @contextmanager
    def _admission(self) -> "Iterator[bool]":
        is_admitted = self._requests.acquire(blocking=False)
        try:
            yield is_admitted
        finally:
            if is_admitted:
                self._requests.release()


class Server(ThreadingHTTPServer):
    """The listening socket, with a thread for each connection."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], renderer: RendererServer) -> None:
        self.renderer = renderer
        super().__init__(address, RequestHandler)


class RequestHandler(BaseHTTPRequestHandler):
    """One connection, of any number of requests."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "pixfleet", ""
    timeout: ClassVar[int] = IDLE_SECONDS

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer a HEAD, which is a GET whose body is left out."""
        self._answer()

    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, Server)  # noqa: S101 - nothing else makes handlers
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(server.renderer.answer(self.command, _text(self.path), headers))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        if self._has_body():
            # Nobody reads it. On a connection that is kept, its bytes would be the next request,
            # whose response a proxy would give to another client:
            # https://www.rfc-editor.org/rfc/rfc9112#section-9.3
            self.send_header("connection", "close")
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != NOT_MODIFIED:
            self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _has_body(self) -> bool:
        """Return whether the request has a body, or may have one."""
        lengths = self.headers.get_all("content-length", ["0"])
        return "transfer-encoding" in self.headers or lengths != ["0"]

    def log_message(self, *_arguments: object) -> None:
        """Write nothing: each request has a line of its own."""


def build_server(settings: Settings, look_again: Callable[[str], None]) -> RendererServer:
    """Return the server that the settings describe, with a render child of its own.

    `look_again` has a worker process a key.

    A batch of the worker would keep a shared child busy while somebody waits.
    """
    pool = RenderPool(1, settings.limits, log_ready, images_per_child=settings.child_images)
    context = build_context(
        settings, LOCAL_POLICY, connections=MOST_REQUESTS, render_pool=pool, look_again=look_again
    )
    return RendererServer(context, settings.on_demand_host, settings.on_demand_port)


def _text(target: str) -> str:
    """Return a target as text: http.server reads its bytes as ISO 8859-1."""
    try:
        return target.encode("latin-1").decode()
    except UnicodeError:
        return target
