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
from worker.circuit_breaker import FAILURES_TO_TRIP, STAGE, CircuitBreaker

pytestmark = pytest.mark.unit


def opened() -> CircuitBreaker:
    circuit_breaker = CircuitBreaker()
    for _ in range(FAILURES_TO_TRIP):
        circuit_breaker.note(Throttled("SlowDown", stage="put"))
    return circuit_breaker


def test_nothing_is_held_back_at_first() -> None:
    circuit_breaker = CircuitBreaker()

    circuit_breaker.check()

    assert circuit_breaker.reason is None


def test_a_row_of_outside_failures_holds_the_rest_back_with_their_reason() -> None:
    circuit_breaker = opened()

    with pytest.raises(Throttled, match="SlowDown") as held:
        circuit_breaker.check()

    assert held.value.stage == STAGE


def test_one_failure_less_holds_nothing_back() -> None:
    circuit_breaker = CircuitBreaker()
    for _ in range(FAILURES_TO_TRIP - 1):
        circuit_breaker.note(LedgerUnavailable("no answer", stage="ledger"))

    circuit_breaker.check()


@pytest.mark.parametrize("outcome", [Outcome.MADE, Outcome.CURRENT, Outcome.REMOVED])
def test_a_record_that_does_well_ends_the_row(outcome: Outcome) -> None:
    circuit_breaker = CircuitBreaker()
    for _ in range(5):
        for _ in range(FAILURES_TO_TRIP - 1):
            circuit_breaker.note(StorageUnavailable("no answer", stage="put"))
        circuit_breaker.note(outcome)

    circuit_breaker.check()


@pytest.mark.parametrize(
    "outcome",
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
def test_an_outcome_without_an_outside_failure_changes_nothing(outcome: Outcome | Failure) -> None:
    fresh, held = CircuitBreaker(), opened()

    for _ in range(10):
        fresh.note(outcome)
        held.note(outcome)

    assert fresh.reason is None
    assert held.reason is not None


def test_being_refused_by_our_own_bucket_does_count() -> None:
    circuit_breaker = CircuitBreaker()

    for _ in range(FAILURES_TO_TRIP):
        circuit_breaker.note(AccessDenied("PutObject", stage="put"))

    assert circuit_breaker.reason is not None


def test_a_half_open_circuit_breaker_lets_one_record_through() -> None:
    good, bad = opened(), opened()
    for circuit_breaker in (good, bad):
        circuit_breaker.half_open()
        circuit_breaker.check()

    good.note(Outcome.MADE)
    bad.note(Throttled("still", stage="ledger"))

    good.check()
    with pytest.raises(Throttled, match="still"):
        bad.check()


def test_a_probe_that_neither_succeeds_nor_fails_leaves_the_decision_to_the_next() -> None:
    circuit_breaker = opened()
    circuit_breaker.half_open()

    circuit_breaker.note(Claimed("taken", lease_left_seconds=9))

    assert circuit_breaker.is_half_open
    circuit_breaker.trip()
    assert circuit_breaker.reason is not None
