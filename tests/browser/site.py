"""A site on loopback: pages and files of a folder, and pictures as the edge would serve them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from scripts.local.instance import HOST
from tests.browser.published import Published
from tests.support.edge_cases import RECIPE_SETS
from tests.terraform.edge_model import EdgeRequest, stored_path

RECIPES = RECIPE_SETS["shipped"]
TYPES = {"avif": "image/avif", "webp": "image/webp", "manifest": "application/json"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered instead of a picture, and how often."""

    status: int
    times: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Site:
    """What is served, and what was requested of the pictures: path and query, in order."""

    folder: Path
    pictures: Mapping[str, Published]
    url: str = ""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    _refused: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Begin anew: nothing was requested, and nothing is refused."""
        self.refusals.clear()
        self.requested.clear()
        self._refused.clear()

    def refusal(self, request: str) -> Refusal | None:
        """Record a request of a picture, and return its refusal if one is due."""
        with self._lock:
            self.requested.append(request)
            for part, refusal in self.refusals.items():
                if part in request and self._refused[part] < refusal.times:
                    self._refused[part] += 1
                    return refusal
        return None

    def file(self, path: str, query: str, accept: str) -> tuple[str, bytes]:
        """Return type and bytes of a picture or manifest, chosen as the edge chooses."""
        asked = parse_qs(query)
        stored = stored_path(RECIPES, EdgeRequest(path, asked, accept)).rpartition("/")[2]
        files = self.pictures[path][1]
        if asked.get("format") == ["manifest"]:
            return TYPES["manifest"], files[f"{path}?format=manifest"]
        name, _, slot = stored.partition(".")
        wanted = f"{path}?variant={name}&format={slot}&"
        (found,) = (data for url, data in files.items() if url.startswith(wanted))
        return TYPES.get(slot, "image/png"), found


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, site: Site, *arguments: object) -> None:
        self.site = site
        super().__init__(*arguments, directory=str(site.folder))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path not in self.site.pictures:
            super().do_GET()
            return
        refusal = self.site.refusal(self.path)
        if refusal:
            self._answer(refusal.status, {**refusal.headers, "Cache-Control": "no-store"}, b"")
            return
        kind, body = self.site.file(address.path, address.query, self.headers.get("Accept", ""))
        self._answer(200, {"Content-Type": kind, "Cache-Control": "max-age=300"}, body)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        exposed = {"Access-Control-Expose-Headers": "retry-after, x-pixfleet-cause"}
        for name, value in {**headers, **exposed, "Access-Control-Allow-Origin": "*"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def serving_site(folder: Path, pictures: Mapping[str, Published]) -> Iterator[Site]:
    """Serve the folder, and the pictures by their paths, while the block runs."""
    site = Site(folder, pictures)
    server = ThreadingHTTPServer((HOST, 0), partial(_Handler, site))
    site.url = f"http://{HOST}:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
