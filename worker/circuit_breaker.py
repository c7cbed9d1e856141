"""The circuit breaker: when everything fails for the same outside reason, work stops for a while.

With partial batch failures Lambda does not slow its polling down, so a worker that went on would
overload whatever is down, and render in vain.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from threading import Lock

from shared.model.errors import AccessDenied, Outside
from shared.model.outcome import Outcome

# So many failures in a row, without a success between them, are no coincidence.
FAILURES_TO_TRIP = 3
# The stage of a record that was held back; dead letters and logs have it, so it keeps its name.
STAGE = "brake"
# At these stages a refusal may concern one source only: its owner's KMS key, its own policy.
# Nothing is rendered for it.
OF_ONE_SOURCE = ("head", "fetch")


class CircuitBreaker:
    """One worker's circuit breaker; open until a single record, the probe, succeeds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_a_row = 0
        self._latest: Outside | None = None

    @property
    def reason(self) -> Outside | None:
        """Return why it is open; None while it is closed."""
        with self._lock:
            return self._latest if self._in_a_row >= FAILURES_TO_TRIP else None

    def check(self) -> None:
        """Raise the reason while it is open; the record is not processed any further."""
        if reason := self.reason:
            raise type(reason)(f"Not tried, as others failed: {reason.detail}", stage=STAGE)

    def note(self, outcome: object) -> None:
        """Count how one record ended; a record that was held back does not count."""
        if isinstance(outcome, Outside) and not _is_ignored(outcome):
            with self._lock:
                self._in_a_row += 1
                self._latest = outcome
        elif isinstance(outcome, Outcome) and outcome is not Outcome.IGNORED:
            with self._lock:
                self._in_a_row = 0

    @property
    def is_half_open(self) -> bool:
        """Return whether it is still half open: the probe neither succeeded nor failed."""
        with self._lock:
            return 0 < self._in_a_row < FAILURES_TO_TRIP

    def trip(self) -> None:
        """Open it again, after a probe that neither succeeded nor failed."""
        with self._lock:
            self._in_a_row = FAILURES_TO_TRIP

    def half_open(self) -> None:
        """Let one record be processed; the next outside failure opens it again."""
        with self._lock:
            self._in_a_row = min(self._in_a_row, FAILURES_TO_TRIP - 1)


def _is_ignored(failure: Outside) -> bool:
    about_one = isinstance(failure, AccessDenied) and failure.stage in OF_ONE_SOURCE
    return about_one or failure.stage == STAGE
