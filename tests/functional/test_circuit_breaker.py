"""When everything fails for the same outside reason, the rest is handed back untried."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import structlog

from shared.deadline import Deadline
from shared.model.errors import Cause, Failure, Throttled
from shared.model.outcome import Outcome
from shared.model.source import Source
from tests.functional.conftest import World
from tests.support import images
from tests.support.fakes import client_error
from worker.circuit_breaker import FAILURES_TO_TRIP
from worker.policy import CALL_LIMITS, POLICY

pytestmark = pytest.mark.functional


class Ledger:
    """The table's write as botocore offers it; throttled for as long as a test wants."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_down, self.calls = True, 0
        self._real = world.clients.dynamodb.get_item
        monkeypatch.setattr(world.clients.dynamodb, "get_item", self)

    def __call__(self, **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 - passed through
        self.calls += 1
        if self.is_down:
            raise client_error("ThrottlingException")
        return self._real(**arguments)


@pytest.fixture(name="world")
def _world(make_world: Callable[..., World]) -> World:
    """Return a world whose calls are not repeated."""
    return make_world(policy=replace(POLICY, calls=replace(CALL_LIMITS, attempts=1)))


@pytest.fixture(name="ledger")
def _ledger(world: World, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    return Ledger(world, monkeypatch)


def send_ten(world: World, first: int = 0) -> None:
    for number in range(first, first + 10):
        world.drop(f"{number}.jpg", images.jpeg(seed=number))
    world.send(*[world.event(f"{number}.jpg") for number in range(first, first + 10)])


def test_the_batch_after_a_stopped_one_asks_with_a_single_record(
    world: World, ledger: Ledger
) -> None:
    send_ten(world)
    world.consume()
    before = ledger.calls
    send_ten(world, first=10)

    results = world.consume()

    outcomes = [result.outcome for result in results]
    assert ledger.calls == before + 1
    assert {each.cause for each in outcomes if isinstance(each, Failure)} == {Cause.THROTTLED}
    assert [each.stage for each in outcomes if isinstance(each, Failure)].count("brake") == 9
    assert not any(result.is_acknowledged for result in results)


def test_a_probe_that_succeeds_closes_the_circuit_breaker(world: World, ledger: Ledger) -> None:
    send_ten(world)
    world.consume()
    ledger.is_down = False
    send_ten(world, first=10)

    results = world.consume()

    assert [result.outcome for result in results] == [Outcome.MADE] * 10


def test_a_stopped_batch_writes_one_line(world: World, ledger: Ledger) -> None:
    send_ten(world)
    world.consume()
    send_ten(world, first=10)

    with structlog.testing.capture_logs() as logged:
        world.consume()

    lines = [line for line in logged if line["event"] != "message left in its queue"]
    assert [line["event"] for line in lines] == ["image delayed", "batch stopped"]
    assert (lines[1]["cause"], lines[1]["held_back"]) == ("throttled", 9)
    assert lines[1]["batches_stopped"] == 1


def test_nothing_is_fetched_while_the_buckets_refuse(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    fetched: list[str] = []

    def refuse(*_arguments: object, **_options: object) -> None:
        raise Throttled("SlowDown", stage="fetch")

    real = world.objects.fetch

    def fetch(source: Source, until: Deadline) -> bytes:
        fetched.append(source.key)
        return real(source, until)

    monkeypatch.setattr(world.context.objects, "fetch", fetch)
    monkeypatch.setattr(world.context.objects, "put_variant", refuse)
    send_ten(world)

    world.consume()
    in_the_first = len(fetched)
    send_ten(world, first=10)
    world.consume()

    assert FAILURES_TO_TRIP <= in_the_first < 10
    assert len(fetched) - in_the_first == 1
