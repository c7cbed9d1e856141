import pytest

from shared.model.errors import (
    AccessDenied,
    Claimed,
    Corrupt,
    Failure,
    LedgerUnavailable,
    OutOfTime,
    StorageUnavailable,
    Throttled,
)
from shared.model.outcome import Outcome
from worker.circuit_breaker import MOST_IN_A_ROW, STAGE, Brake

pytestmark = pytest.mark.unit


def braked() -> Brake:
    brake = Brake()
    for _ in range(MOST_IN_A_ROW):
        brake.note(Throttled("SlowDown", stage="put"))
    return brake


def test_nothing_is_held_back_at_first() -> None:
    brake = Brake()

    brake.check()

    assert brake.reason is None


def test_a_row_of_outside_failures_holds_the_rest_back_with_their_reason() -> None:
    brake = braked()

    with pytest.raises(Throttled, match="SlowDown") as held:
        brake.check()

    assert held.value.stage == STAGE


def test_one_failure_less_holds_nothing_back() -> None:
    brake = Brake()
    for _ in range(MOST_IN_A_ROW - 1):
        brake.note(LedgerUnavailable("no answer", stage="ledger"))

    brake.check()


@pytest.mark.parametrize("outcome", [Outcome.MADE, Outcome.CURRENT, Outcome.REMOVED])
def test_a_record_that_does_well_ends_the_row(outcome: Outcome) -> None:
    brake = Brake()
    for _ in range(5):
        for _ in range(MOST_IN_A_ROW - 1):
            brake.note(StorageUnavailable("no answer", stage="put"))
        brake.note(outcome)

    brake.check()


@pytest.mark.parametrize(
    "ending",
    [
        Corrupt("bad"),
        Claimed("taken", lease_left_seconds=9),
        OutOfTime("late"),
        Throttled("held back", stage=STAGE),
        AccessDenied("the owner's key", stage="fetch"),
        AccessDenied("the owner's policy", stage="head"),
        Outcome.IGNORED,
    ],
    ids=str,
)
def test_what_says_nothing_of_the_outside_changes_nothing(ending: Outcome | Failure) -> None:
    fresh, held = Brake(), braked()

    for _ in range(10):
        fresh.note(ending)
        held.note(ending)

    assert fresh.reason is None
    assert held.reason is not None


def test_being_refused_by_our_own_bucket_does_count() -> None:
    brake = Brake()

    for _ in range(MOST_IN_A_ROW):
        brake.note(AccessDenied("PutObject", stage="put"))

    assert brake.reason is not None


def test_an_eased_brake_lets_one_record_find_out() -> None:
    good, bad = braked(), braked()
    for brake in (good, bad):
        brake.ease()
        brake.check()

    good.note(Outcome.MADE)
    bad.note(Throttled("still", stage="ledger"))

    good.check()
    with pytest.raises(Throttled, match="still"):
        bad.check()


def test_a_scout_that_says_nothing_leaves_the_brake_to_the_next() -> None:
    brake = braked()
    brake.ease()

    brake.note(Claimed("taken", lease_left_seconds=9))

    assert brake.is_undecided
    brake.tighten()
    assert brake.reason is not None
