import json

import pytest

from scripts.local.edge.clock import SettableClock
from scripts.local.edge.control import control
from scripts.local.edge.edge import Edge, Route
from scripts.local.edge.lifetimes import Assumptions
from scripts.local.edge.messages import Request, Response
from scripts.local.edge.origins import Origin
from tests.unit.edge.fakes import DISTRIBUTION, START, picture, run

URL = "http://127.0.0.1:5566"


@pytest.fixture
def edge() -> Edge:
    return Edge(SettableClock(lambda: START))


def changed(edge: Edge, **changes: object) -> dict[str, object]:
    status, document = control(edge, URL, "POST", json.dumps(changes).encode())
    assert status == 200, document
    return document


async def cache_something(edge: Edge) -> None:
    async def fetch(_: Origin, __: Request) -> Response:
        return picture()

    route = Route(DISTRIBUTION, (Origin("s3", shield="eu-west-1"),))
    await edge.answer(route, Request("GET", "/a.jpg"), fetch)


def test_get_describes_the_edge(edge: Edge) -> None:
    run(lambda: cache_something(edge))

    assert control(edge, URL, "GET", b"") == (
        200,
        {
            "url": URL,
            "now": START,
            "origin_requests": 1,
            "requests_by_origin": {"s3": 1},
            "cached": {"location": 1, "shield eu-west-1": 1},
            "assumptions": {"age_counts": False, "client_errors_need_max_age": False},
        },
    )


def test_post_puts_the_clock_forward(edge: Edge) -> None:
    assert changed(edge, advance_seconds=300.5)["now"] == START + 300.5
    assert edge.clock() == START + 300.5


def test_post_lets_origins_fail_and_recover(edge: Edge) -> None:
    changed(edge, failing={"s3": 503})
    changed(edge, advance_seconds=1)
    kept = edge.failing
    changed(edge, failing={})

    assert (kept, edge.failing) == ({"s3": 503}, {})


def test_post_changes_single_assumptions(edge: Edge) -> None:
    changed(edge, assumptions={"age_counts": True})
    changed(edge, assumptions={"client_errors_need_max_age": True})

    assert edge.assumptions == Assumptions(age_counts=True, client_errors_need_max_age=True)


def test_post_empties_every_cache(edge: Edge) -> None:
    run(lambda: cache_something(edge))

    assert changed(edge, evict_all=True)["cached"] == {"location": 0, "shield eu-west-1": 0}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"advance": 3}',
        b'{"advance_seconds": "3"}',
        b'{"advance_seconds": -1}',
        b'{"advance_seconds": NaN}',
        b'{"assumptions": {"age": true}}',
        b'{"assumptions": 1}',
        b'{"failing": 503}',
        b'{"failing": {"s3": "503"}}',
    ],
)
def test_a_document_that_is_not_understood_changes_nothing(edge: Edge, body: bytes) -> None:
    status, document = control(edge, URL, "POST", body)

    assert (status, list(document)) == (400, ["error"])
    assert (edge.clock(), edge.assumptions) == (START, Assumptions())


def test_other_methods_are_refused(edge: Edge) -> None:
    assert control(edge, URL, "PUT", b"{}")[0] == 400
