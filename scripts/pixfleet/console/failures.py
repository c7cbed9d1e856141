"""A sample of the dead letters, which several pages show, and which is read once for all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from scripts.pixfleet.dlq.groups import Groups, groups_of
from scripts.pixfleet.dlq.listing import LONG_AGO, images_of
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.stack.dead_letter_scan import Coverage, Scan, ScanPolicy
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.failed_images import FailedImage
from shared.clock import Clock

# A page must be there in seconds: ten receives at a time, and no more than this.
MOST_READ = 1_000
MOST_SECONDS = 8.0
# A form, and what became of a redrive, need more, and a person waits for them.
MOST_COUNTED = 10_000
MOST_COUNTED_SECONDS = 30.0
# A message may be of many keys. The scan ends at so many failed images.
MOST_IMAGES = 20_000


def policy(*, most_read: int, most_seconds: float = MOST_SECONDS) -> ScanPolicy:
    """Return how a scan for a page is bounded."""
    return ScanPolicy(receivers=8, max_held=most_read, max_seconds=most_seconds)


POLICY = policy(most_read=MOST_READ)
COUNTING_POLICY = policy(most_read=MOST_COUNTED, most_seconds=MOST_COUNTED_SECONDS)
# Each scan hides the messages from others for a moment.
KEPT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The dead letters that were read: in groups, and as failed images, the newest first."""

    groups: Groups
    images: Sequence[FailedImage]
    at: float

    @property
    def coverage(self) -> Coverage:
        """Return how far the scan looked."""
        return self.groups.coverage

    def of_cause(self, cause: str) -> Sequence[FailedImage]:
        """Return the failed images of one cause."""
        return [each for each in self.images if each.cause == cause]


@dataclass
class Failures:
    """Reads the sample, at most once in `KEPT_SECONDS`."""

    queue: Callable[[], DeadLetterQueue]
    clock: Clock
    scanning: Lock
    _sample: Sample | None = None
    _lock: Lock = field(default_factory=Lock)

    def sample(self) -> Sample:
        """Return the newest sample, or read another one."""
        with self._lock:
            now = self.clock.now()
            if self._sample is None or now - self._sample.at > KEPT_SECONDS:
                self._sample = self._read()
            return self._sample

    def forget(self) -> None:
        """Read again at the next request, such as after a redrive."""
        with self._lock:
            self._sample = None

    def _read(self) -> Sample:
        queue, images = self.queue(), list[FailedImage]()
        name = queue.stack.dead_letter_queue
        with self.scanning, Scan(queue.queues, name, self.clock, policy=POLICY) as scan:
            groups = groups_of(_added_to(images, scan), scan, datetime.now(UTC))
        images.sort(key=lambda each: each.at or LONG_AGO, reverse=True)
        return Sample(groups, images, self.clock.now())


def _added_to(images: list[FailedImage], scan: Scan) -> Iterator[DeadLetter]:
    """Yield dead letters, and keep what a page shows of each: a body may have 1 MiB."""
    for dead_letter in scan:
        images += images_of(dead_letter)
        yield dead_letter
        if len(images) >= MOST_IMAGES:
            return
