import json
from collections.abc import Mapping
from typing import Any, NoReturn

from scripts.local.edge.clock import SettableClock
from scripts.local.edge.control import PATH
from scripts.local.edge.edge import Edge
from scripts.local.edge.server import Receive, Scope, Send, with_browser_port
from tests.unit.edge.fakes import START, run

MINISTACK, BROWSER = 4566, 5566
DOMAIN = "d1.cloudfront.net"


async def ministack(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the headers of the request."""
    headers = {name.decode(): value.decode() for name, value in scope.get("headers", [])}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(headers).encode()})


async def asked(
    port: int,
    path: str = "/cat.jpg",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: tuple[bytes, ...] = (b"",),
    domain: str | None = DOMAIN,
) -> tuple[int, Any]:
    """Return status and body of an answer; a JSON body is decoded."""
    sent: list[Mapping[str, Any]] = []
    left = list(body)

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    edge = Edge(SettableClock(lambda: START))
    app = with_browser_port(ministack, edge, BROWSER, lambda: domain)
    scope = {
        "type": "http",
        "server": ("127.0.0.1", port),
        "path": path,
        "method": method,
        "headers": [(n.encode(), v.encode()) for n, v in (headers or {}).items()],
    }
    await app(scope, receive, send)
    text = sent[1]["body"].decode()
    return sent[0]["status"], json.loads(text) if text.startswith("{") else text


def test_on_the_browsers_port_everything_is_the_distribution_by_https() -> None:
    async def scenario() -> None:
        sent = {"Host": "127.0.0.1:5566", "X-Forwarded-Proto": "http", "accept": "*/*"}
        wanted = {"accept": "*/*", "host": DOMAIN, "x-forwarded-proto": "https"}

        assert await asked(BROWSER, headers=sent) == (200, wanted)
        assert await asked(BROWSER, PATH, method="POST", headers=sent) == (200, wanted)

    run(scenario)


def test_without_distribution_the_browsers_port_says_what_to_type() -> None:
    async def scenario() -> None:
        status, text = await asked(BROWSER, domain=None)

        assert status == 404
        assert "`make up`" in text

    run(scenario)


def test_ministacks_port_is_ministacks_except_for_the_control() -> None:
    async def scenario() -> None:
        sent = {"host": "127.0.0.1:4566"}
        change = (b'{"advance_', b'seconds": 60}')
        status, document = await asked(MINISTACK, PATH, method="POST", body=change)

        assert await asked(MINISTACK, headers=sent) == (200, sent)
        assert (status, document["now"]) == (200, START + 60)
        assert document["url"] == "http://127.0.0.1:5566"

    run(scenario)


def test_other_protocols_are_ministacks() -> None:
    async def scenario() -> None:
        seen: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

        async def nothing(*_: object) -> NoReturn:
            raise AssertionError

        wrapped = with_browser_port(app, Edge(), BROWSER, lambda: DOMAIN)
        await wrapped({"type": "lifespan"}, nothing, nothing)

        assert seen == ["lifespan"]

    run(scenario)
