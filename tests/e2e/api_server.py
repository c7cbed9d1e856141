"""The API as a server of its own process, and a bare route to compare it with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

import httpx2

from scripts.local.instance import HOST
from scripts.local.stack import LocalStack
from tests.e2e.processes import Runner, free_port
from tests.e2e.waiting import wait_for
from tests.support.issuer import AUDIENCE, ISSUER, Issuer


class Server(Runner):
    """A `python -m worker.api.local`."""

    program = "worker.api.local"


class BareRoute(Runner):
    """A `python -m tests.bench.bare_route`."""

    program = "tests.bench.bare_route"

    def __init__(self, stack: LocalStack, log: Path) -> None:
        port = free_port()
        super().__init__(stack, log, PIXFLEET_BARE_PORT=str(port))
        self.url = f"http://{HOST}:{port}"

    def __enter__(self) -> Self:
        super().__enter__()
        wait_for("the bare route is up", lambda: _status(f"{self.url}/v1/uploads") == 405)
        return self


@contextmanager
def api_server(stack: LocalStack, issuer: Issuer, log: Path, *, serving: str) -> Iterator[str]:
    """Serve the API over a local stack, for tokens of this issuer, and yield its URL."""
    port = free_port()
    with published_keys(issuer) as jwks_url:
        settings = {
            # MiniStack checks the signature of a URL, and knows this key only.
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "PIXFLEET_SERVING_TABLE": serving,
            "PIXFLEET_API_ISSUER": ISSUER,
            "PIXFLEET_API_AUDIENCES": AUDIENCE,
            "PIXFLEET_API_JWKS_URL": jwks_url,
            "PIXFLEET_API_PORT": str(port),
            "PIXFLEET_API_PREFIX_CLAIM": "folder",
            "PIXFLEET_LOG": "json",
        }
        with Server(stack, log, **settings):
            url = f"http://{HOST}:{port}"
            wait_for("the API is up", lambda: _status(f"{url}/v1/health") == 200)
            yield url


@contextmanager
def published_keys(issuer: Issuer) -> Iterator[str]:
    """Serve the public key of an issuer, and yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(issuer.key_set()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/keys"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _status(url: str) -> int:
    try:
        return httpx2.get(url).status_code
    except httpx2.TransportError:
        return 0
