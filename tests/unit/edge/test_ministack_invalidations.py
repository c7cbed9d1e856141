from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.clock import SettableClock
from scripts.local.edge.edge import Edge
from scripts.local.edge.invalidation import BURST, SECONDS_IN_PROGRESS
from scripts.local.edge.lifetimes import Lifetime
from scripts.local.edge.ministack_invalidations import use_invalidations
from scripts.local.edge.store import Entry
from tests.unit.edge.configurations import NAMESPACE
from tests.unit.edge.fake_ministack import FakeCloudFront
from tests.unit.edge.fakes import START, picture


@pytest.fixture
def edge() -> Edge:
    found = Edge(SettableClock(lambda: START))
    found.location.store.put(CacheKey("E1", "GET", "/a"), Entry(picture(), START, Lifetime(60)))
    return found


@pytest.fixture
def module(edge: Edge) -> SimpleNamespace:
    found = FakeCloudFront({}).module()
    use_invalidations(found, edge)
    return found


def batch(reference: str, paths: Sequence[str]) -> bytes:
    items = "".join(f"<Path>{path}</Path>" for path in paths)
    return (
        f'<InvalidationBatch xmlns="{NAMESPACE}"><Paths><Items>{items}</Items></Paths>'
        f"<CallerReference>{reference}</CallerReference></InvalidationBatch>"
    ).encode()


def test_an_invalidation_evicts_and_is_in_progress_for_a_while(
    edge: Edge, module: SimpleNamespace
) -> None:
    status, _, _ = module._create_invalidation("E1", batch("1", ["/a"]))
    statuses: list[str] = []
    module._build_invalidation_xml(statuses, module._invalidations["E1"][0])
    edge.clock.advance(SECONDS_IN_PROGRESS)
    module._build_invalidation_xml(statuses, module._invalidations["E1"][0])
    _, _, listed = module._list_invalidations("E1")

    assert status == 201
    assert len(edge.location.store) == 0
    assert statuses == ["InProgress", "Completed"]
    assert b"Completed" in listed


def test_too_many_paths_are_refused_and_evict_nothing(edge: Edge, module: SimpleNamespace) -> None:
    answer = module._create_invalidation("E1", batch("1", [f"/a{n}*" for n in range(16)]))

    assert answer == (400, {}, b"TooManyInvalidationsInProgress")
    assert len(edge.location.store) == 1
    assert module._invalidations["E1"] == []


def test_a_repeated_request_counts_once_and_evicts_once(
    edge: Edge, module: SimpleNamespace
) -> None:
    wildcards = [f"/{n}*" for n in range(15)]
    answers = [module._create_invalidation("E1", batch("1", wildcards)) for _ in range(2)]

    assert answers[0] == answers[1]
    assert module._create_invalidation("E1", batch("2", ["/a*"]))[0] == 400


def test_too_many_calls_are_throttled(module: SimpleNamespace) -> None:
    answers = [module._create_invalidation("E1", batch(str(n), ["/x"])) for n in range(BURST + 1)]

    assert [status for status, _, _ in answers] == [201] * BURST + [400]
    assert answers[-1][2] == b"Throttling"


def test_ministack_itself_refuses_an_unknown_distribution(
    edge: Edge, module: SimpleNamespace
) -> None:
    assert module._create_invalidation("E2", batch("1", ["/a"]))[0] == 404
    assert len(edge.location.store) == 1


@pytest.mark.parametrize("body", [b"<", batch("1", ["/a"])])
def test_what_ministack_itself_refuses_evicts_nothing(edge: Edge, body: bytes) -> None:
    refusing = FakeCloudFront({}).module()
    refusing._create_invalidation = lambda *_: (400, {}, b"MalformedXML")
    use_invalidations(refusing, edge)

    assert refusing._create_invalidation("E1", body) == (400, {}, b"MalformedXML")
    assert len(edge.location.store) == 1
