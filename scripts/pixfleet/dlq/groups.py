"""Groups dead letters by cause."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scripts.pixfleet.stack.causes import CauseFacts, facts_of
from scripts.pixfleet.stack.dead_letter_scan import Coverage, Scan
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.drill_keys import is_of_drill

WARNING_TIME = timedelta(days=3)


@dataclass(slots=True)
class Group:
    """The dead letters of one cause: when they were sent, and the newest as an example."""

    cause: str
    count: int = 0
    first_sent: datetime | None = None
    last_sent: datetime | None = None
    example: DeadLetter | None = None

    @property
    def facts(self) -> CauseFacts:
        """Return who can fix it, and whether a redrive can help."""
        return facts_of(self.cause)

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


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a scan; `of_drills` dead letters of drills are in none of them.

    `expires_in` is the time until SQS deletes the oldest; `None` if that is not soon.
    """

    groups: Sequence[Group]
    of_drills: int
    coverage: Coverage
    expires_in: timedelta | None = None

    @property
    def total(self) -> int:
        """Return how many dead letters are in the groups."""
        return sum(group.count for group in self.groups)


def group_by_cause(dead_letters: Iterable[DeadLetter]) -> tuple[list[Group], int]:
    """Return the groups, and how many dead letters of drills are in none of them.

    The causes that every image meets come first, then what is ours, then what is the owners'; of
    each the largest first. Only one dead letter a group is kept in memory.
    """
    groups: dict[str, Group] = {}
    of_drills = 0
    for dead_letter in dead_letters:
        if is_of_drill(dead_letter.key):
            of_drills += 1
            continue
        groups.setdefault(dead_letter.cause, Group(dead_letter.cause)).add(dead_letter)
    return sorted(groups.values(), key=_order), of_drills


def read_groups(scan: Scan, now: datetime, advance: Callable[[], None]) -> Groups:
    """Read all dead letters of a scan into groups; `advance` is called for each."""
    return groups_of(_counted(scan, advance), scan, now)


def groups_of(dead_letters: Iterable[DeadLetter], scan: Scan, now: datetime) -> Groups:
    """Return the groups of the dead letters that a scan has read, or yields."""
    groups, of_drills = group_by_cause(dead_letters)
    retention_seconds = scan.depth.retention_seconds
    expires_in = time_to_expiry(groups, retention_seconds=retention_seconds, now=now)
    return Groups(groups, of_drills, scan.coverage, expires_in)


def _counted(scan: Scan, advance: Callable[[], None]) -> Iterator[DeadLetter]:
    for dead_letter in scan:
        advance()
        yield dead_letter


def _order(group: Group) -> tuple[int, int, str]:
    return group.facts.rank, -group.count, group.cause
