"""The process dies or an answer is lost at each call of a life; the next delivery mends it.

A call's two sides are all the moments that there are: between two calls a worker changes nothing
that outlives it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from shared.model.errors import Cause
from tests.simulator.fates import Fate, OneFault
from tests.simulator.recipe_sets import LARGE_RECIPE_SET
from tests.simulator.scheduler import BEGINNING
from tests.simulator.services import DEAD
from tests.simulator.user import WAIT_SECONDS, Act, Action
from tests.simulator.world import Plan, World, simulated

pytestmark = pytest.mark.faults

AT_REST = WAIT_SECONDS.index(400.0)


@dataclass(frozen=True)
class Life:
    """What is done before, then the act whose every call is a crash point, and what it leaves."""

    before: Sequence[Act]
    act: Act
    least_calls: int
    cause: Cause | None = None


LIVES = {
    "arrival": Life((), Act.PUT, 10),
    "replacement": Life((Act.PUT,), Act.PUT, 10),
    "removal": Life((Act.PUT,), Act.DELETE, 6),
    "rejection": Life((Act.PUT,), Act.CORRUPT, 8, Cause.CORRUPT),
    "second crash": Life((Act.PUT,), Act.CRASHING, 16, Cause.DECODER_CRASH),
    "undelete": Life((Act.PUT, Act.DELETE), Act.UNDELETE, 10),
}
HARM = {
    "dies before it": (Fate.DIED_BEFORE, 0.0),
    "dies after it": (Fate.DIED_AFTER, 0.0),
    "dies and it is done later": (Fate.DIED_LATE, 12.5),
    "loses its answer": (Fate.LOST, 0.0),
    "loses its connection and it is done later": (Fate.LATE, 12.5),
    "stands still for an hour after it": (Fate.STALLED, 4000.0),
}
CREWS = {"lambda": (2, 0), "runner": (0, 2)}


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


def live(life: Life, crew: tuple[int, int], fault: OneFault, *, is_told: bool = False) -> World:
    """Run a life in which one call of its last act meets a fault."""
    acts = [Action(act, wait=AT_REST) for act in (*life.before, life.act)]
    pollers, runners = crew
    plan = Plan(acts, pollers=pollers, runners=runners)
    world = World(plan, fates=fault, is_told=is_told)
    begins_at = BEGINNING + len(acts) * WAIT_SECONDS[AT_REST]
    world.crew.recipe_set = LARGE_RECIPE_SET
    fault.is_armed = lambda: not world.is_calm and world.scheduler.time >= begins_at
    try:
        world.run()
    except AssertionError as wrong:
        raise AssertionError(f"{wrong}\n\n{world.story}") from None
    return world


@pytest.mark.timeout(600)
@pytest.mark.parametrize("crew", CREWS.values(), ids=CREWS)
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_after_harm_at_any_call_the_next_delivery_makes_it_right(
    life: Life, harm: tuple[Fate, float], crew: tuple[int, int]
) -> None:
    dry = OneFault(-1)
    live(life, crew, dry)

    for at in range(dry.count):
        met = live(life, crew, OneFault(at, *harm), is_told=True).met()

        assert met[harm[0]] == 1, at
        # It did not take a redrive to make it right.
        assert met["ends wrong, as told"] == 0, at
        assert bool(life.cause) == bool(met["dead letters"]), at
        assert met["dead letters without a cause"] == 0, at

    assert dry.count > life.least_calls


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_without_harm_there_is_a_dead_letter_only_for_what_is_unfit(life: Life) -> None:
    world = live(life, (2, 0), OneFault(-1))

    causes = {
        letter.attributes["cause"]["StringValue"]
        for letter in world.services.queues.messages(DEAD)
    }
    assert causes == ({life.cause.value} if life.cause else set())
