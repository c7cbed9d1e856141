"""The runner answers, as a process on MiniStack, for what the variants bucket does not have."""

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from scripts.local.clients import local_clients
from scripts.local.instance import HOST
from scripts.local.stack import create_serving, create_stack
from shared.model.keys import stored_key
from tests.e2e.conftest import VISIBILITY_TIMEOUT_SECONDS
from tests.e2e.fleet import Fleet
from tests.e2e.processes import Runner, free_port
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg

pytestmark = pytest.mark.e2e

TABLE = "e2e-renderer-port-serving"
NAME = "w96.webp"
RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "lazy",
            "match": {"prefix": ""},
            "variants": [{"widths": [96, 160], "formats": ["avif", "webp"], "lazy": ["webp"]}],
        }
    ],
}
KEYS = ["cat.jpg", "cat+photo 1%20é.jpg", "/album//cat?w=1.jpg"]
# Asked for in any order by several tests; of each other key, one test sees the first request.
READ = "read.jpg"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Renderer:
    """The port of a running runner."""

    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        found = Answer(
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read(),
        )
        connection.close()
        return found


@pytest.fixture(scope="module")
def fleet(endpoint_url: str) -> Fleet:
    stack = create_stack(
        endpoint_url,
        RECIPES,
        prefix="e2e-renderer-port",
        visibility_timeout_seconds=VISIBILITY_TIMEOUT_SECONDS,
    )
    create_serving(local_clients(endpoint_url).dynamodb, TABLE)
    return Fleet(stack)


@pytest.fixture(scope="module")
def renderer(fleet: Fleet, runner_log: Path) -> Iterator[Renderer]:
    port = free_port()
    settings = {
        "PIXFLEET_ON_DEMAND": "true",
        "PIXFLEET_SERVING_TABLE": TABLE,
        "PIXFLEET_ON_DEMAND_PORT": str(port),
        "PIXFLEET_RENDER_CHILDREN": "1",
    }
    with Runner(fleet.stack, runner_log, **settings) as runner:
        etags = {
            key: fleet.put(key, jpeg((200, 150), seed=at)) for at, key in enumerate([*KEYS, READ])
        }
        fleet.wait_until_published(etags)
        yield Renderer(port)
        assert runner.drain() == 0


def path_of(key: str) -> str:
    return f"/{quote(stored_key(key, NAME))}"


@pytest.mark.parametrize("key", KEYS)
def test_a_lazy_object_is_made_and_stored(fleet: Fleet, renderer: Renderer, key: str) -> None:
    assert stored_key(key, NAME) not in fleet.stored_keys()

    first = renderer.ask(path_of(key))
    second = renderer.ask(path_of(key))

    assert (first.status, first.headers["content-type"]) == (200, "image/webp")
    assert int(first.headers["content-length"]) == len(first.body)
    assert (second.status, second.body) == (200, first.body)
    assert stored_key(key, NAME) in fleet.stored_keys()


def test_a_proxy_that_has_the_object_gets_304(renderer: Renderer) -> None:
    etag = renderer.ask(path_of(READ)).headers["etag"]

    answer = renderer.ask(path_of(READ), if_none_match=etag)

    assert (answer.status, answer.body) == (304, b"")


def test_head_has_the_length_and_no_body(renderer: Renderer) -> None:
    get = renderer.ask(path_of(READ))
    head = renderer.ask(path_of(READ), "HEAD")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize("path", ["/", "/00/none.jpg/w96.webp", "/%ff", "/../etc/passwd"])
def test_other_paths_are_404(renderer: Renderer, path: str) -> None:
    assert renderer.ask(path).status == 404


def test_other_methods_are_refused(renderer: Renderer) -> None:
    assert renderer.ask(path_of(READ), "POST").status == 501


def test_the_runner_drains_with_a_proxy_that_keeps_its_connection(
    fleet: Fleet, tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        "PIXFLEET_ON_DEMAND": "true",
        "PIXFLEET_SERVING_TABLE": TABLE,
        "PIXFLEET_ON_DEMAND_PORT": str(port),
        "PIXFLEET_RENDER_CHILDREN": "1",
    }
    with Runner(fleet.stack, tmp_path / "runner.log", **settings) as runner:

        def connected() -> http.client.HTTPConnection | None:
            connection = http.client.HTTPConnection(HOST, port, timeout=30)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
            except ConnectionRefusedError:
                return None
            return connection

        connection = wait_for("the port", connected)
        exit_code = runner.drain()

    connection.close()
    assert exit_code == 0
