"""The times and counts by which a worker decides; sizes and names are `shared.settings`."""

from dataclasses import dataclass

from shared.cloud.calls import CallLimits
from worker.back_off import BACK_OFF, BackOff

CALL_LIMITS = CallLimits(connect_seconds=3, read_seconds=10, attempts=4, call_seconds=30.0)


@dataclass(frozen=True, slots=True)
class WorkerPolicy:
    """How long things may take, and what must be left of a batch's time to begin them."""

    calls: CallLimits = CALL_LIMITS
    back_off: BackOff = BACK_OFF
    # With less time a render that begins would hardly end.
    least_render_seconds: float = 5.0
    # Beside the time of a fetch: for the calls of the claim.
    least_claim_extra_seconds: float = 10.0
    # The clocks of two workers may differ by this much. No claim outlives the deadline of its
    # worker by more.
    clock_skew_seconds: float = 15.0
    # The end of an invocation is kept free to delay or dead-letter messages, and to answer.
    triage_seconds: float = 5.0
    answer_seconds: float = 1.0
    # A worker waits in place for a renderer, which mostly holds a key for less than a second.
    serving_poll_seconds: float = 1.0
    # A runner waits this long after a failed receive.
    receive_pause_seconds: float = 5.0

    @property
    def least_fetch_seconds(self) -> float:
        """Return how much time must be left to fetch a source: enough to render it, too."""
        return self.least_render_seconds + self.calls.call_seconds

    @property
    def least_claim_seconds(self) -> float:
        """Return how much time must be left to claim a key: less would only block it."""
        return self.least_fetch_seconds + self.least_claim_extra_seconds

    @property
    def hide_margin_seconds(self) -> int:
        """Return how long a runner's messages stay hidden after their batch: one call's time."""
        return round(self.calls.call_seconds)


POLICY = WorkerPolicy()
