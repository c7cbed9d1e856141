from collections import Counter

import pytest

from shared.model.errors import (
    BadMessage,
    Cause,
    Claimed,
    Failure,
    Misconfigured,
    OutOfTime,
    Outside,
    Permanent,
    PixfleetError,
    PoisonSuspect,
    SourceChanged,
    Throttled,
    Transient,
    UnsupportedKey,
)

pytestmark = pytest.mark.unit

KINDS = (Permanent, Transient)
FAILURES: list[type[Failure]] = [
    found
    for kind in KINDS
    for found in (
        *kind.__subclasses__(),
        *PoisonSuspect.__subclasses__(),
        *Outside.__subclasses__(),
    )
    if found.__module__ == "shared.model.errors" and hasattr(found, "cause")
    if issubclass(found, kind)
]
# Causes with which the same bytes will fail again.
PERMANENT = {
    "bad_focal",
    "bad_message",
    "corrupt",
    "not_an_image",
    "own_output",
    "source_encrypted",
    "too_costly",
    "too_many_bytes",
    "too_many_frames",
    "too_many_pixels",
    "truncated",
    "unknown_recipe",
    "unsupported_format",
    "unsupported_key",
}


def test_every_cause_belongs_to_exactly_one_failure_and_every_failure_has_a_cause() -> None:
    assert Counter(found.cause for found in FAILURES) == Counter(Cause)


def test_every_failure_is_either_permanent_or_transient() -> None:
    assert set(Failure.__subclasses__()) == set(KINDS)
    assert all(len(found.__bases__) == 1 for found in FAILURES)
    assert not any(found.__subclasses__() for found in FAILURES)


def test_the_permanent_causes_are_a_closed_list() -> None:
    found = {each.cause.value for each in FAILURES if issubclass(each, Permanent)}

    assert found == PERMANENT


@pytest.mark.parametrize("cause", Cause)
def test_a_cause_reads_like_its_name(cause: Cause) -> None:
    assert cause.value == cause.name.lower()


def test_the_text_of_a_failure_is_its_cause_and_its_detail() -> None:
    failure = BadMessage("Expected JSON, got nothing.", stage="parse")

    assert str(failure) == "bad_message: Expected JSON, got nothing."
    assert (failure.detail, failure.stage) == ("Expected JSON, got nothing.", "parse")


def test_a_failure_without_a_stage_has_an_empty_one() -> None:
    assert UnsupportedKey("Too long.").stage == ""


def test_a_claimed_key_is_tried_again_when_its_lease_ends() -> None:
    failure = Claimed("Another worker holds the key.", lease_left_seconds=41.5)

    assert (failure.retry_after_seconds, failure.stage) == (41.5, "claim")


@pytest.mark.parametrize("kind", [OutOfTime, SourceChanged])
def test_a_failure_of_the_circumstances_is_retried_at_once(kind: type[Transient]) -> None:
    assert kind("Again.").retry_after_seconds == 0


def test_other_transient_failures_leave_the_delay_to_the_back_off() -> None:
    assert Throttled("Slow down.").retry_after_seconds is None


def test_a_misconfiguration_lists_every_problem() -> None:
    error = Misconfigured("settings cannot be used", ["one", "two"])

    assert isinstance(error, PixfleetError)
    assert error.problems == ("one", "two")
    assert str(error) == "settings cannot be used:\n  - one\n  - two"
