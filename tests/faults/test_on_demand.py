"""The renderer between arrivals, removals and purges; each rule that it depends on is broken once.

The renderer and the purge function are the real ones, as are the workers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import pytest

from shared.cloud import serving_claims
from shared.cloud.claims import Claim, serving_refusal
from shared.cloud.items import Value
from shared.cloud.serving_claims import ServingClaims
from shared.events import purge
from shared.model.entry import Entry
from shared.model.errors import Failure
from shared.model.keys import stored_key
from tests.simulator.call_outcomes import (
    WELL,
    CallOutcome,
    Decision,
    OneFault,
    ScriptedOutcomes,
)
from tests.simulator.functions import Configuration
from tests.simulator.queues import Message
from tests.simulator.scheduler import BEGINNING
from tests.simulator.services import DEAD, KEYS
from tests.simulator.user import WAIT_SECONDS, Act, Action
from tests.simulator.world import Plan, World, simulated
from tests.support.staleness import PURGED_SECONDS
from worker import due_purge, triage
from worker.arrival import Arrival
from worker.context import WorkerContext
from worker.removal import delete_names
from worker.variant_set import VariantSet

pytestmark = pytest.mark.faults

KEY = KEYS[0]
RENDERER = frozenset({"renderer"})
BARELY, SOON, AT_REST = (WAIT_SECONDS.index(seconds) for seconds in (0.3, 40.0, 400.0))
SEEDS = range(1, 31)
LOOK = Action(Act.LOOK, wait=AT_REST)
REPLACED = (
    Action(Act.PUT),
    Action(Act.LOOK, wait=SOON, choice=1),
    Action(Act.PUT, wait=SOON),
    Action(Act.PUT, wait=SOON),
)
DELETED = (
    Action(Act.PUT),
    Action(Act.LOOK, wait=SOON, choice=1),
    Action(Act.DELETE, wait=SOON),
    Action(Act.PUT, wait=SOON),
    Action(Act.DELETE, wait=SOON),
)


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


def wrong_ends(
    actions: Sequence[Action], *, purged_seconds: float = inf, seeds: Sequence[int] = SEEDS
) -> list[str]:
    """Return what the oracles say of the same actions with requests at different times."""
    said = []
    for seed in seeds:
        world = World(Plan(actions, pollers=1, reads=seed, on_demand=True))
        assert world.viewers
        world.viewers.purged_seconds = purged_seconds
        try:
            world.run()
        except AssertionError as wrong:
            said.append(str(wrong))
    return said


@pytest.mark.case(48)
@pytest.mark.parametrize("actions", [REPLACED, DELETED], ids=["replaced", "deleted"])
def test_what_is_made_on_demand_is_right_and_known_to_the_ledger(
    actions: Sequence[Action],
) -> None:
    assert wrong_ends(actions) == []


@pytest.mark.case(63)
def test_a_purged_picture_is_gone_before_its_lifetime_ends() -> None:
    assert wrong_ends(DELETED, purged_seconds=PURGED_SECONDS) == []


@pytest.mark.case(63)
def test_without_a_purge_a_removed_picture_is_read_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(due_purge, "makes_purge_due", lambda *_: False)
    monkeypatch.setattr("worker.removal.makes_purge_due", lambda *_: False)

    said = wrong_ends(DELETED, purged_seconds=PURGED_SECONDS)

    assert any("was replaced" in each for each in said)


@pytest.mark.case(59)
def test_a_store_without_a_claim_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unclaimed(_: ServingClaims, key: str, name: str, *, entry: Entry, **__: object) -> Claim:
        return Claim(key, "none", inf, entry, entry.may_exist | {name})

    monkeypatch.setattr(ServingClaims, "claim", unclaimed)
    monkeypatch.setattr(ServingClaims, "release", lambda *_: None)

    assert any("without the claim" in each for each in wrong_ends(REPLACED))


@pytest.mark.case(59)
def test_a_claim_whatever_the_version_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def any_version(found: Mapping[str, Value], _: str, now: float) -> Failure | None:
        return serving_refusal(found, str(found.get("version")), now)

    monkeypatch.setattr(serving_claims, "serving_refusal", any_version)

    with pytest.raises(AssertionError, match=r"expected .*good 2.*, got .*good 1"):
        replaced_while_rendering().run()


def replaced_while_rendering() -> World:
    """Return a world in which a source is published anew between a renderer's fetch and claim."""
    # The first call looks for the object, the second one reads the source.
    slow = ScriptedOutcomes("get_object", WELL, Decision(CallOutcome.SLOW_BACK, 9.5))
    acts = (Action(Act.PUT), LOOK, Action(Act.PUT, wait=BARELY))
    world = World(Plan(acts, on_demand=True, struck_kinds=RENDERER), outcomes=slow, is_traced=True)
    look_at(world, "w32.webp")
    return world


@pytest.mark.case(59)
def test_a_renderer_stores_nothing_of_a_version_that_is_replaced_meanwhile() -> None:
    world = replaced_while_rendering()

    world.run()

    assert world.events()["slow on its way back"] == 1
    assert world.events()["update_item ConditionalCheckFailedException"] == 1


@pytest.mark.case(60)
def test_lazy_variants_that_outlive_their_version_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keep_lazy(arrival: Arrival, variants: VariantSet) -> None:
        former = arrival.claim.entry.stored
        delete_names(arrival.source.key, former - variants.names, arrival.context)

    monkeypatch.setattr(Arrival, "_delete_former", keep_lazy)

    said = wrong_ends(REPLACED)

    assert any("older version" in each or "nobody knows" in each for each in said)


@pytest.mark.case(64)
def test_a_purge_that_is_noted_before_it_is_sent_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def note_first(key: str, due: float, context: WorkerContext, **_: float) -> None:
        if due:
            context.ledger.clear_purge_due(key, due)
            context.queues.send(context.settings.purge_queue, purge.write(key), {})

    monkeypatch.setattr("worker.reconcile.send_due_purge", note_first)
    monkeypatch.setattr(due_purge, "send_due_purge", note_first)

    assert any("is not sent" in each for each in wrong_ends(DELETED, seeds=[1]))


def dead_letters_of_a_stopped_renderer() -> tuple[Message, ...]:
    """Return the dead letters if a message meets a renderer's claim at its last receive."""
    killed = ScriptedOutcomes("put_object", Decision(CallOutcome.DIED_BEFORE))
    plan = Plan(
        (Action(Act.PUT), LOOK, Action(Act.PUT, wait=BARELY)),
        on_demand=True,
        struck_kinds=RENDERER,
    )
    world = World(plan, outcomes=killed)
    killed.now = lambda: world.scheduler.time
    look_at(world, "w32.webp")
    # The worker has no time to wait in place until the claim has run out.
    world.workers.function.configuration = Configuration("lambda", 60.0)
    world.workers.settings = replace(world.workers.settings, max_receives=1)
    before: list[Message] = []
    redrive = world.services.queues.redrive

    def note(dead: str, live: str) -> int:
        before.extend(world.services.queues.messages(DEAD))
        return redrive(dead, live)

    world.services.queues.redrive = note  # type: ignore[method-assign, assignment] # notes what it moves
    world.run()
    assert world.events()["renderer died"] == 1
    return tuple(before)


@pytest.mark.case(61)
def test_a_message_that_meets_a_renderers_claim_is_no_dead_letter() -> None:
    assert dead_letters_of_a_stopped_renderer() == ()


@pytest.mark.case(61)
def test_a_renderers_claim_that_makes_a_dead_letter_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NeverRaised(Failure):
        """A class that no failure has."""

    monkeypatch.setattr(triage, "Claimed", NeverRaised)

    with pytest.raises(AssertionError, match="says claimed"):
        dead_letters_of_a_stopped_renderer()


def look_at(world: World, name: str) -> None:
    """Let LOOK ask for this name."""
    viewers = world.viewers
    assert viewers
    world.user.look = lambda key, _: viewers.look_at(stored_key(key, name))


@dataclass(frozen=True)
class History:
    """What happens, the name that is asked for, and the least calls of the renderer."""

    acts: Sequence[Action]
    name: str
    least_calls: int

    @property
    def begins_at(self) -> float:
        """Return when somebody asks for the name."""
        waits = [WAIT_SECONDS[action.wait] for action in self.acts]
        first = next(at for at, action in enumerate(self.acts) if action.act is Act.LOOK)
        return BEGINNING + sum(waits[: first + 1])


PUBLISHED = Action(Act.PUT)
# The second source is narrower than the rungs, so one of them is a copy.
NARROW = Action(Act.PUT, wait=AT_REST)
HISTORIES = {
    "rendered": History((PUBLISHED, LOOK), "w32.webp", 9),
    "copied": History((PUBLISHED, NARROW, LOOK), "w48.avif", 6),
    "not published": History((PUBLISHED, Action(Act.LOOK, wait=BARELY)), "w32.webp", 7),
    "replaced": History((PUBLISHED, LOOK, Action(Act.PUT, wait=BARELY)), "w32.webp", 9),
    "deleted": History((PUBLISHED, LOOK, Action(Act.DELETE, wait=BARELY)), "w32.webp", 9),
}
HARM = {
    "dies before it": (CallOutcome.DIED_BEFORE, 0.0),
    "dies after it": (CallOutcome.DIED_AFTER, 0.0),
    "dies and it is done later": (CallOutcome.DIED_LATE, 12.5),
    "loses its answer": (CallOutcome.LOST, 0.0),
    "loses its connection and it is done later": (CallOutcome.LATE, 12.5),
    "stands still after it": (CallOutcome.STALLED, 200.0),
}
ARMED_SECONDS = 30.0


def run_history(history: History, fault: OneFault) -> World:
    """Run a history with a fault at one of the renderer's calls."""
    plan = Plan(history.acts, on_demand=True, struck_kinds=RENDERER)
    world = World(plan, outcomes=fault, is_traced=True)
    look_at(world, history.name)

    def is_armed() -> bool:
        seconds = world.scheduler.time - history.begins_at
        return not world.is_calm and 0 <= seconds < ARMED_SECONDS

    fault.is_armed = is_armed
    try:
        world.run()
    except AssertionError as wrong:
        raise AssertionError(f"{wrong}\n\n{world.trace}") from None
    return world


@pytest.mark.case(48)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_after_a_fault_at_any_call_of_the_renderer_everything_converges(
    history: History, harm: tuple[CallOutcome, float]
) -> None:
    dry = OneFault(-1)
    run_history(history, dry)

    for at in range(dry.count):
        events = run_history(history, OneFault(at, *harm)).events()

        assert events[harm[0]] == 1, at
        assert events["dead letters"] == 0, at

    assert dry.count >= history.least_calls


def run_purge(fault: OneFault) -> World:
    """Delete a published source with a fault at one of the purge function's calls."""
    acts = (PUBLISHED, Action(Act.DELETE, wait=AT_REST))
    plan = Plan(acts, on_demand=True, struck_kinds=frozenset({"purge"}))
    world = World(plan, outcomes=fault)
    fault.is_armed = lambda: not world.is_calm
    world.run()
    return world


@pytest.mark.case(64)
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_after_a_fault_at_any_call_of_the_purge_function_the_key_is_purged(
    harm: tuple[CallOutcome, float],
) -> None:
    dry = OneFault(-1)
    run_purge(dry)

    for at in range(dry.count):
        world = run_purge(OneFault(at, *harm))

        paths = [path for each in world.services.cloudfront.invalidations for path in each.paths]
        assert f"/{stored_key(KEY, '')}*" in paths, at
        assert world.events()["dead letters"] == 0, at

    assert dry.count >= 6
