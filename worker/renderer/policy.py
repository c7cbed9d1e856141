"""The times and sizes by which the renderer decides; names are `shared.settings`."""

from dataclasses import dataclass
from math import inf

from shared.cloud.calls import CallLimits
from shared.model.planned_files import MAX_FILES_BYTES

# Somebody waits for the answer, and the function has 25 s: much less than a worker.
CALL_LIMITS = CallLimits(connect_seconds=1, read_seconds=3, attempts=2, call_seconds=8.0)
# The table `serving` only saves work: no picture may be missing because it does not answer.
# DynamoDB answers in milliseconds: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html
SERVING_LIMITS = CallLimits(connect_seconds=0.2, read_seconds=0.3, attempts=2, call_seconds=1.0)
# A response has 6 MB at most, in base64, which is a third longer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_LAMBDA_BYTES = 4_500_000


@dataclass(frozen=True, slots=True)
class RendererPolicy:
    """How long things may take. Each call of AWS may take `calls.call_seconds`."""

    calls: CallLimits = CALL_LIMITS
    # Of the table `serving`, whose calls for one request together have `serving_budget_seconds`.
    serving_calls: CallLimits = SERVING_LIMITS
    serving_budget_seconds: float = 1.5
    # Names that recipes allow to be lazy take less than 8 CPU seconds.
    longest_render_seconds: float = 15.0
    # A render that ran into a limit of this share of the longest one is remembered as failed.
    conclusive_share: float = 0.5
    # With less time a render would hardly end.
    least_render_seconds: float = 1.0
    # The clocks of two functions may differ by this much: see `worker.policy`.
    clock_skew_seconds: float = 15.0
    # While another function renders the same object.
    poll_seconds: float = 0.2
    remembers_failure_seconds: float = 60.0
    # An object that has been stored for longer should have been answered by S3.
    blind_seconds: float = 60.0
    # The end of an invocation is kept free to answer.
    answer_seconds: float = 0.5
    max_body_bytes: int = MAX_LAMBDA_BYTES
    # A claim mostly takes milliseconds. If it takes longer it is given back, since no PUT begins
    # without the time of a whole call.
    claim_seconds: float = 1.0

    @property
    def storing_seconds(self) -> float:
        """Return how much time must be left to claim a key and store an object."""
        return self.claim_seconds + self.calls.call_seconds


POLICY = RendererPolicy()
# Without Lambda nothing bounds a response but the size of a file. And a proxy may ask the renderer
# for what is stored.
LOCAL_POLICY = RendererPolicy(max_body_bytes=MAX_FILES_BYTES, blind_seconds=inf)
