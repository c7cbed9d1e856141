"""Dead letters by cause: how many, since when, and one of each to look at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scripts.pixfleet.stack.dead_letters import DeadLetter

SOON = timedelta(days=3)


@dataclass(slots=True)
class Group:
    """All letters of one cause; times are when they died, the example is the youngest."""

    cause: str
    count: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    example: DeadLetter | None = None

    def add(self, letter: DeadLetter) -> None:
        """Count one more."""
        self.count += 1
        moment = letter.sent_at
        if self.example is None:
            self.example = letter
        if moment is None:
            return
        if self.first_seen is None or moment < self.first_seen:
            self.first_seen = moment
        if self.last_seen is None or moment > self.last_seen:
            self.last_seen, self.example = moment, letter

    def document(self) -> dict[str, object]:
        """Return the group as JSON has it."""
        example = self.example
        return {
            "cause": self.cause,
            "count": self.count,
            "first_seen": self.first_seen and self.first_seen.isoformat(),
            "last_seen": self.last_seen and self.last_seen.isoformat(),
            "example": example and {"id": example.id, "key": example.key},
        }


def soonest_end(
    groups: Iterable[Group], *, retention_seconds: float, now: datetime
) -> timedelta | None:
    """Return in how long the first letter is dropped by its queue, if that is soon.

    A letter that SQS moved is as old there as its message was; one that we sent begins anew.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    oldest = min((group.first_seen for group in groups if group.first_seen), default=None)
    if oldest is None:
        return None
    left = oldest + timedelta(seconds=retention_seconds) - now
    return left if left < SOON else None


def grouped(letters: Iterable[DeadLetter]) -> list[Group]:
    """Return the groups, the largest first; of all letters only one a group is kept."""
    groups: dict[str, Group] = {}
    for letter in letters:
        groups.setdefault(letter.cause, Group(letter.cause)).add(letter)
    return sorted(groups.values(), key=lambda group: (-group.count, group.cause))
