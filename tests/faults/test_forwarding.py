"""A source that one lane cannot render, in virtual time; each rule of forwarding is broken once.

`test_crash_points.py` has a crash at every call of it, and the schedules of `test_schedules.py`
have duplicates, replacements and deletes of forwarded sources.
"""

from collections.abc import Iterator, Sequence

import pytest

from shared.cloud.claims import Claim
from shared.cloud.ledger import Ledger
from tests.simulator.services import DEAD, LARGE
from tests.simulator.user import WAIT_SECONDS, Act, Action
from tests.simulator.world import Plan, World, simulated
from worker.triage import Triage

pytestmark = pytest.mark.faults

BARELY, SOON, AT_REST = (WAIT_SECONDS.index(seconds) for seconds in (0.3, 40.0, 400.0))


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


def played(*actions: Action, on_demand: bool = False) -> World:
    """Return a world after these actions, in a right state, as its oracle says."""
    world = World(Plan(actions, pollers=2, on_demand=on_demand), is_traced=True)
    try:
        world.run()
    except AssertionError as wrong:
        raise AssertionError(f"{wrong}\n\n{world.trace}") from None
    return world


PUT, SMALL = Action(Act.PUT), Action(Act.PUT, wait=BARELY)
MEANWHILE = {
    "replaced by a small one": (SMALL,),
    "replaced and put back": (SMALL, Action(Act.ROLL_BACK, wait=BARELY)),
    "deleted": (Action(Act.DELETE, wait=BARELY),),
    "deleted and restored": (
        Action(Act.DELETE, wait=BARELY),
        Action(Act.UNDELETE, wait=BARELY),
    ),
    "taken back": (Action(Act.ROLL_BACK, wait=BARELY),),
    "verified": (Action(Act.VERIFY, wait=BARELY), Action(Act.VERIFY, wait=SOON)),
    "deployed over": (Action(Act.DEPLOY, wait=BARELY),),
}


@pytest.mark.parametrize("on_demand", [False, True], ids=["without renderer", "with renderer"])
@pytest.mark.parametrize("giant", [Act.GIANT, Act.LONG], ids=["too large", "too slow"])
@pytest.mark.parametrize("meanwhile", MEANWHILE.values(), ids=MEANWHILE)
def test_whatever_happens_meanwhile_the_present_source_is_published(
    meanwhile: Sequence[Action], giant: Act, *, on_demand: bool
) -> None:
    world = played(PUT, Action(giant, wait=AT_REST), *meanwhile, on_demand=on_demand)

    assert world.events()["ends wrong, as a dead letter says"] == 0


def test_a_dead_letter_of_the_larger_lane_is_redriven_to_it() -> None:
    world = played(Action(Act.BOUNDLESS), Action(Act.REDRIVE, wait=AT_REST))

    # Forwarded when it came and when every key was looked at once more, and not by a redrive.
    assert world.events()["redriven"] == 1
    assert world.events()["forwarded"] == 2
    for dead_letter in world.services.queues.messages(DEAD):
        said = {name: each["StringValue"] for name, each in dead_letter.attributes.items()}
        assert said["source_queue"] == LARGE
        assert "of lane large" in said["detail"]


def test_an_acknowledgement_without_a_message_for_the_larger_lane_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Triage, "forward", lambda *_, **__: True)

    with pytest.raises(AssertionError, match="Lost, and no dead letter names it"):
        played(PUT, Action(Act.GIANT, wait=AT_REST))


def test_an_entry_that_forgets_what_an_unfinished_render_stored_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The source goes back to its published version, which then seems to be stored as it was."""

    def forgetful(self: Ledger, claim: Claim, **_: object) -> None:
        self.abandon(claim)

    monkeypatch.setattr(Ledger, "hand_over", forgetful)
    second_try = [Action(Act.EXPIRE, wait=SOON), Action(Act.ROLL_BACK, wait=SOON)]

    with pytest.raises(AssertionError, match=r"expected b'.*good 1"):
        played(PUT, Action(Act.LONG, wait=AT_REST), *second_try)
