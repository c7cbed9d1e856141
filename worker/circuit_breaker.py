"""The brake: when everything fails for the same outside reason, nothing more is tried for a while.

With partial batch failures Lambda does not slow its polling down on failure, so a worker that goes
on trying would hammer whatever is down, and render in vain.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from threading import Lock

from shared.model.errors import AccessDenied, Outside
from shared.model.outcome import Outcome

# So many in a row, and none that did well between them, are no coincidence.
MOST_IN_A_ROW = 3
STAGE = "brake"
# Where being refused may be about one source: its owner's key, its own policy. It costs no render.
OF_ONE_SOURCE = ("head", "fetch")


class CircuitBreaker:
    """One worker's; stays on until a single record, sent ahead, has done well."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_a_row = 0
        self._latest: Outside | None = None

    @property
    def reason(self) -> Outside | None:
        """Return why nothing is tried; none while the brake is off."""
        with self._lock:
            return self._latest if self._in_a_row >= MOST_IN_A_ROW else None

    def check(self) -> None:
        """Raise the reason, for a record that is not tried any further, if the brake is on."""
        if reason := self.reason:
            raise type(reason)(f"Not tried, as others failed: {reason.detail}", stage=STAGE)

    def note(self, outcome: object) -> None:
        """Take account of how one record ended; one that was held back says nothing new."""
        if isinstance(outcome, Outside) and not _says_nothing(outcome):
            with self._lock:
                self._in_a_row += 1
                self._latest = outcome
        elif isinstance(outcome, Outcome) and outcome is not Outcome.IGNORED:
            with self._lock:
                self._in_a_row = 0

    @property
    def is_half_open(self) -> bool:
        """Say whether an eased brake is eased still: the scout said nothing either way."""
        with self._lock:
            return 0 < self._in_a_row < MOST_IN_A_ROW

    def trip(self) -> None:
        """Put the brake on again, after a record that said nothing either way."""
        with self._lock:
            self._in_a_row = MOST_IN_A_ROW

    def half_open(self) -> None:
        """Let a record try; the next outside failure puts the brake on again."""
        with self._lock:
            self._in_a_row = min(self._in_a_row, MOST_IN_A_ROW - 1)


def _says_nothing(failure: Outside) -> bool:
    about_one = isinstance(failure, AccessDenied) and failure.stage in OF_ONE_SOURCE
    return about_one or failure.stage == STAGE
