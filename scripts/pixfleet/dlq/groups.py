"""Groups dead letters by cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scripts.pixfleet.stack.dead_letters import DeadLetter

WARNING_TIME = timedelta(days=3)


@dataclass(slots=True)
class Group:
    """The dead letters of one cause: when they were sent, and the newest as an example."""

    cause: str
    count: int = 0
    first_sent: datetime | None = None
    last_sent: datetime | None = None
    example: DeadLetter | None = None

    def add(self, dead_letter: DeadLetter) -> None:
        """Count a dead letter, and keep the newest one as the example."""
        self.count += 1
        sent_at = dead_letter.sent_at
        if self.example is None:
            self.example = dead_letter
        if sent_at is None:
            return
        if self.first_sent is None or sent_at < self.first_sent:
            self.first_sent = sent_at
        if self.last_sent is None or sent_at > self.last_sent:
            self.last_sent, self.example = sent_at, dead_letter


def time_to_expiry(
    groups: Iterable[Group], *, retention_seconds: float, now: datetime
) -> timedelta | None:
    """Return in how long SQS deletes the oldest message; `None` if that is not soon.

    The retention period of a message that SQS moved began when the message was first sent. That of
    a message that the worker sent began when the worker sent it to the dead-letter queue.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    oldest = min((group.first_sent for group in groups if group.first_sent), default=None)
    if oldest is None:
        return None
    left = oldest + timedelta(seconds=retention_seconds) - now
    return left if left < WARNING_TIME else None


def group_by_cause(dead_letters: Iterable[DeadLetter]) -> list[Group]:
    """Return the groups, the largest first; only one dead letter a group is kept in memory."""
    groups: dict[str, Group] = {}
    for dead_letter in dead_letters:
        groups.setdefault(dead_letter.cause, Group(dead_letter.cause)).add(dead_letter)
    return sorted(groups.values(), key=lambda group: (-group.count, group.cause))
