"""The outcomes that one call over the network may have, and the classes that choose one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from shared.cloud.calls import CallLimits
from tests.simulator.refusals import refusal
from tests.simulator.tape import Tape
from worker.policy import CALL_LIMITS

TRAVEL_SECONDS = 0.02
URL = "https://aws.example/"
# All are within the timeouts of the worker's clients, so that no call takes longer than it
# expects. Those of clients with other timeouts are in proportion.
SLOW_SECONDS = (0.1, 0.3, 1.0, 4.0, 9.5)
STALL_SECONDS = (20.0, 200.0, 1200.0, 4000.0)
LATE_SECONDS = (0.3, 1.0, 5.0, 12.5)


class CallOutcome(StrEnum):
    """What happens to a call; each outcome except the first is a fault."""

    WELL = "well"
    SLOW_THERE = "slow on its way there"
    SLOW_BACK = "slow on its way back"
    REFUSED = "refused, and nothing done"
    LOST = "done, and the answer lost"
    LATE = "connection lost, done later"
    STALLED = "answered, and the process stood still"
    DIED_BEFORE = "process died before it"
    DIED_AFTER = "process died after it was done"
    DIED_LATE = "process died, done later"


# How many of the 256 values of a byte mean each outcome, from zero up.
ODDS: Sequence[tuple[CallOutcome, int]] = (
    (CallOutcome.WELL, 204),
    (CallOutcome.SLOW_THERE, 10),
    (CallOutcome.SLOW_BACK, 8),
    (CallOutcome.REFUSED, 13),
    (CallOutcome.LOST, 7),
    (CallOutcome.LATE, 4),
    (CallOutcome.STALLED, 3),
    (CallOutcome.DIED_BEFORE, 2),
    (CallOutcome.DIED_AFTER, 3),
    (CallOutcome.DIED_LATE, 2),
)
OUTCOMES = tuple(outcome for outcome, odds in ODDS for _ in range(odds))


@dataclass(frozen=True, slots=True)
class Decision:
    """One call's outcome, its duration in seconds, and the choice among possible errors."""

    outcome: CallOutcome = CallOutcome.WELL
    seconds: float = 0.0
    which: int = 0

    def within(self, limits: CallLimits) -> "Decision":
        """Return the decision about a call of clients with these limits."""
        if limits is CALL_LIMITS or self.outcome is CallOutcome.STALLED:
            return self
        share = limits.read_seconds / CALL_LIMITS.read_seconds
        return replace(self, seconds=self.seconds * share)


WELL = Decision()


class Outcomes(Protocol):
    """Chooses the outcome of each call."""

    def decide(self, service: str, operation: str) -> Decision:
        """Return what happens to the next call."""
        ...


class OutcomesFromTape:
    """Decides by the tape; `outages` are services that refuse every call."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.outages: set[str] = set()

    def decide(self, service: str, operation: str) -> Decision:
        """Return what happens to the next call."""
        if service in self.outages:
            return Decision(CallOutcome.REFUSED)
        outcome = OUTCOMES[self._tape.draw()]
        if outcome is CallOutcome.WELL:
            return WELL
        which = self._tape.draw()
        seconds: tuple[float, ...] = SLOW_SECONDS
        if outcome is CallOutcome.STALLED:
            seconds = STALL_SECONDS
        elif outcome in (CallOutcome.LATE, CallOutcome.DIED_LATE):
            seconds = LATE_SECONDS
        return Decision(outcome, seconds[which % len(seconds)], which)


class ScriptedOutcomes:
    """Gives calls of one operation these decisions in turn, from a given second on."""

    def __init__(self, operation: str, *decrees: Decision, from_second: float = 0.0) -> None:
        self._operation = operation
        self._decrees = decrees
        self._from_second = from_second
        self._count = 0
        self.now: Callable[[], float] = lambda: 0.0

    def decide(self, service: str, operation: str) -> Decision:
        """Return what happens to the next call."""
        if operation != self._operation or self.now() < self._from_second:
            return WELL
        self._count += 1
        return self._decrees[self._count - 1] if self._count <= len(self._decrees) else WELL


def error(service: str, operation: str, which: int, limits: CallLimits) -> tuple[Exception, float]:
    """Return an error of a call that had no effect, and after how many seconds it comes."""
    at = which % (len(_REFUSALS[service]) + len(_BROKEN))
    if at >= len(_REFUSALS[service]):
        broken, takes_connect = _BROKEN[at - len(_REFUSALS[service])]
        return broken, limits.connect_seconds if takes_connect else TRAVEL_SECONDS
    code, status = _REFUSALS[service][at]
    if code == "ConditionalRequestConflict" and operation != "put_object":
        code, status = "InternalError", 500  # only writes conflict with other writes
    if operation.startswith("head_"):
        code = str(status)  # an answer to HEAD has no body that could name a code
    return refusal(operation, code, status, "injected"), TRAVEL_SECONDS


def lost_answer(limits: CallLimits) -> tuple[Exception, float]:
    """Return the client's error for a call whose response never comes."""
    return ReadTimeoutError(endpoint_url=URL), limits.read_seconds


def no_connection() -> Exception:
    """Return the client's error for a call that has no time left to connect."""
    return ConnectTimeoutError(endpoint_url=URL)


def lost_connection() -> tuple[Exception, float]:
    """Return the client's error for a connection that breaks after the request was sent."""
    return ConnectionClosedError(endpoint_url=URL), TRAVEL_SECONDS


# Its place among S3's refusals.
ACCESS_DENIED = 2
_REFUSALS: dict[str, tuple[tuple[str, int], ...]] = {
    "s3": (
        ("SlowDown", 503),
        ("InternalError", 500),
        ("AccessDenied", 403),
        ("ConditionalRequestConflict", 409),
    ),
    "dynamodb": (
        ("ProvisionedThroughputExceededException", 400),
        ("InternalServerError", 500),
        ("ThrottlingException", 400),
        ("AccessDeniedException", 400),
    ),
    "sqs": (("RequestThrottled", 403), ("InternalFailure", 500), ("AccessDeniedException", 400)),
    "cloudfront": (
        ("Throttling", 400),
        ("ServiceUnavailable", 503),
        ("AccessDenied", 403),
        ("TooManyInvalidationsInProgress", 400),
    ),
    "sns": (("Throttling", 400), ("InternalError", 500), ("AuthorizationError", 403)),
}
# With whether it comes after the time to connect.
_BROKEN: tuple[tuple[Exception, bool], ...] = (
    (ConnectTimeoutError(endpoint_url=URL), True),
    (EndpointConnectionError(endpoint_url=URL), False),
)


class OneFault:
    """Gives one call, counted from zero, one outcome, and lets all others succeed.

    Counts only while it `is_armed`.
    """

    def __init__(
        self, at: int, outcome: CallOutcome = CallOutcome.WELL, seconds: float = 0.0
    ) -> None:
        self._at = at
        self._decree = Decision(outcome, seconds)
        self.count = 0
        self.is_armed: Callable[[], bool] = lambda: True

    def decide(self, service: str, operation: str) -> Decision:
        """Return what happens to the next call."""
        if not self.is_armed():
            return WELL
        self.count += 1
        return self._decree if self.count == self._at + 1 else WELL
