"""When a run asks, looks, waits and warns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackfillPolicy:
    """Times and thresholds of a run.

    A run that is expected to send more than `ask_images`, or to cost more than `ask_dollars`, has
    to be confirmed. `quiet_seconds` is how long the lanes must be empty until nothing more is
    expected: SQS's counts are approximate and may be a minute late:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    The question comes after at most `count_seconds`: what is not counted by then is counted while
    it is sent, because to list a hundred million keys takes hours. A dry run counts all.
    With a limit on failures, at most `max_waiting` sources are sent and without an outcome.
    """

    look_seconds: float = 2.0
    quiet_seconds: float = 60.0
    warn_seconds: float = 300.0
    max_waiting: int = 1000
    count_seconds: float = 15.0
    ask_images: int = 10_000
    ask_dollars: float = 5.0
    upload_threads: int = 16
