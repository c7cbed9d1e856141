"""The simulated edge, and the oracle of reads: each rule that it depends on is broken once."""

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from scripts.local.edge.cache_key import KeyPolicy
from scripts.local.edge.clock import SettableClock
from scripts.local.edge.edge import Edge as LocalEdge
from scripts.local.edge.edge import Route
from scripts.local.edge.messages import Request, Response
from scripts.local.edge.origins import Origin
from shared.imaging.child_protocol import DoneFrame
from shared.model import cache_control
from tests.simulator.edge import Edge, uri_of
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import DISTRIBUTION
from tests.simulator.user import WAIT_SECONDS, Act, Action
from tests.simulator.viewers import StaleRead
from tests.simulator.world import Plan, World, simulated
from tests.support.staleness import ALL_CACHES, BY_PATH, BY_VERSION, RULES, Caches
from worker.arrival import Arrival
from worker.variant_set import VariantSet

pytestmark = pytest.mark.faults

SEEDS = range(1, 41)
SOON, LATER = WAIT_SECONDS.index(40.0), WAIT_SECONDS.index(400.0)
REPLACED = (Action(Act.PUT), Action(Act.PUT, wait=SOON), Action(Act.PUT, wait=LATER))
DELETED = (Action(Act.PUT), Action(Act.DELETE, wait=SOON))
DEPLOYED = (Action(Act.PUT), Action(Act.DEPLOY, wait=SOON))
STORED = "00/a.jpg/w32.webp"


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


def stale_reads(actions: tuple[Action, ...], key_policy: KeyPolicy = BY_VERSION) -> list[str]:
    """Return what the oracle says of the same actions with reads at different times."""
    said = []
    for seed in SEEDS:
        try:
            World(Plan(actions, pollers=1, reads=seed), key_policy=key_policy).run()
        except StaleRead as stale:
            said.append(str(stale))
    return said


@pytest.mark.case(39)
@pytest.mark.parametrize(
    "actions", [REPLACED, DELETED, DEPLOYED], ids=["replaced", "deleted", "deployed"]
)
def test_viewers_read_nothing_stale(actions: tuple[Action, ...]) -> None:
    assert stale_reads(actions) == []


def test_without_the_version_in_the_key_a_new_page_shows_an_older_version() -> None:
    assert any("older version" in each for each in stale_reads(REPLACED, BY_PATH))


def test_a_manifest_before_the_deletes_gives_old_bytes_a_new_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete, store = Arrival._delete_former, Arrival._store_manifest

    def store_first(arrival: Arrival, done: DoneFrame, variants: VariantSet) -> None:
        store(arrival, done, variants)
        delete(arrival, variants)

    monkeypatch.setattr(Arrival, "_delete_former", lambda *_: None)
    monkeypatch.setattr(Arrival, "_store_manifest", store_first)

    assert any("older version" in each for each in stale_reads(DEPLOYED))


@pytest.mark.parametrize("actions", [REPLACED, DELETED], ids=["replaced", "deleted"])
@pytest.mark.parametrize(
    ("name", "longer"),
    [("VARIANT", "public, s-maxage=300, stale-while-revalidate=300"), ("MANIFEST", "max-age=240")],
)
def test_a_longer_lifetime_breaks_the_bound(
    monkeypatch: pytest.MonkeyPatch, name: str, longer: str, actions: tuple[Action, ...]
) -> None:
    monkeypatch.setattr(cache_control, name, longer)

    assert any("was replaced" in each for each in stale_reads(actions))


def test_a_deploy_that_keeps_what_it_drops_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arrival, "_delete_former", lambda *_: None)

    assert stale_reads(DEPLOYED)


@pytest.mark.parametrize("caches", ALL_CACHES, ids=["one-cache", "shield", "shield-and-age"])
def test_the_simulated_edge_answers_like_the_local_one(caches: Caches) -> None:
    for seed in range(20):
        assert simulated_answers(caches, seed) == local_answers(caches, seed)


def steps(seed: int) -> Iterator[tuple[int, int, str]]:
    """Yield seconds to wait, the version that S3 has then (0: none), and the query of a read."""
    dice, version = Random(seed), 1  # noqa: S311 - no secret
    for _ in range(60):
        if dice.random() < 0.2:
            version = dice.choice((version + 1, version + 1, 0))
        yield dice.choice((0, 1, 4, 30, 61, 150, 299, 301, 400)), version, dice.choice(("", "v=1"))


def stored(request: Request, version: int) -> Response:
    if not version:
        return Response(403)
    headers = {"cache-control": cache_control.VARIANT, "etag": f'"{version}"'}
    if request.header("if-none-match") == headers["etag"]:
        return Response(304, headers)
    return Response(200, headers, str(version).encode())


def simulated_answers(caches: Caches, seed: int) -> list[Response]:
    scheduler, version, answers = Scheduler(), 0, []
    edge = Edge(scheduler, lambda request: stored(request, version), caches)
    for seconds, version, query in steps(seed):  # noqa: B007 - the origin's
        scheduler.time += seconds
        scheduler.start(lambda query=query: answers.append(edge.get(0, STORED, query)))  # type: ignore[misc] # mypy cannot infer it
        scheduler.run(until=lambda: False, longest_seconds=0.0)
    return answers


def local_answers(caches: Caches, seed: int) -> list[Response]:
    async def answers() -> list[Response]:
        clock = SettableClock(Scheduler().now)
        edge, given = LocalEdge(clock), []
        edge.assumptions = caches.assumptions
        origins = (Origin("variants", shield="eu-west-1" if caches.has_shield else ""),)
        route = Route(DISTRIBUTION, origins, rules=RULES, key_policy=BY_VERSION)
        for seconds, version, query in steps(seed):

            async def fetch(_: Origin, request: Request, version: int = version) -> Response:
                return stored(request, version)

            clock.advance(seconds)
            given.append(
                (await edge.answer(route, Request("GET", uri_of(STORED), query), fetch)).response
            )
            for _ in range(20):
                await asyncio.sleep(0)
        return given

    return asyncio.run(answers())
