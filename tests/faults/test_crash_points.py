"""The process dies or a response is lost at each call; the next delivery repairs the state.

Before and after each call are the only moments to test: between two calls a worker changes nothing
that is stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from shared.model.errors import Cause
from tests.simulator.call_outcomes import CallOutcome, OneFault
from tests.simulator.recipe_sets import LARGE_RECIPE_SET
from tests.simulator.scheduler import BEGINNING
from tests.simulator.services import DEAD
from tests.simulator.user import WAIT_SECONDS, Act, Action
from tests.simulator.world import Plan, World, simulated

pytestmark = pytest.mark.faults

AT_REST = WAIT_SECONDS.index(400.0)


@dataclass(frozen=True)
class History:
    """Earlier acts, and the act of which every call is a crash point; `cause` is a rejection's."""

    before: Sequence[Act]
    act: Act
    least_calls: int
    cause: Cause | None = None


HISTORIES = {
    "arrival": History((), Act.PUT, 10),
    "replacement": History((Act.PUT,), Act.PUT, 10),
    "removal": History((Act.PUT,), Act.DELETE, 6),
    "rejection": History((Act.PUT,), Act.CORRUPT, 8, Cause.CORRUPT),
    "second crash": History((Act.PUT,), Act.CRASHING, 16, Cause.DECODER_CRASH),
    "forward": History((Act.PUT,), Act.GIANT, 16),
    "forward after two timeouts": History((Act.PUT,), Act.LONG, 20),
    "rejection in the larger lane": History((Act.PUT,), Act.BOUNDLESS, 14, Cause.TOO_COSTLY),
    "undelete": History((Act.PUT, Act.DELETE), Act.UNDELETE, 10),
}
HARM = {
    "dies before it": (CallOutcome.DIED_BEFORE, 0.0),
    "dies after it": (CallOutcome.DIED_AFTER, 0.0),
    "dies and it is done later": (CallOutcome.DIED_LATE, 12.5),
    "loses its answer": (CallOutcome.LOST, 0.0),
    "loses its connection and it is done later": (CallOutcome.LATE, 12.5),
    "stands still for an hour after it": (CallOutcome.STALLED, 4000.0),
}
WORKERS = {"lambda": (2, 0), "runner": (0, 2)}


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


def run_history(
    history: History, workers: tuple[int, int], fault: OneFault, *, is_traced: bool = False
) -> World:
    """Run a history with a fault at one call of its last act."""
    acts = [Action(act, wait=AT_REST) for act in (*history.before, history.act)]
    pollers, runners = workers
    plan = Plan(acts, pollers=pollers, runners=runners)
    world = World(plan, outcomes=fault, is_traced=is_traced)
    begins_at = BEGINNING + len(acts) * WAIT_SECONDS[AT_REST]
    world.workers.recipe_set = LARGE_RECIPE_SET
    fault.is_armed = lambda: not world.is_calm and world.scheduler.time >= begins_at
    try:
        world.run()
    except AssertionError as wrong:
        raise AssertionError(f"{wrong}\n\n{world.trace}") from None
    return world


@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", WORKERS.values(), ids=WORKERS)
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_after_a_fault_at_any_call_the_next_delivery_converges(
    history: History, harm: tuple[CallOutcome, float], workers: tuple[int, int]
) -> None:
    dry = OneFault(-1)
    run_history(history, workers, dry)

    for at in range(dry.count):
        events = run_history(history, workers, OneFault(at, *harm), is_traced=True).events()

        assert events[harm[0]] == 1, at
        # No redrive was needed.
        assert events["ends wrong, as a dead letter says"] == 0, at
        assert bool(history.cause) == bool(events["dead letters"]), at
        assert events["dead letters without a cause"] == 0, at

    assert dry.count > history.least_calls


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_without_faults_only_unfit_sources_become_dead_letters(history: History) -> None:
    world = run_history(history, (2, 0), OneFault(-1))

    causes = {
        dead_letter.attributes["cause"]["StringValue"]
        for dead_letter in world.services.queues.messages(DEAD)
    }
    assert causes == ({history.cause.value} if history.cause else set())
