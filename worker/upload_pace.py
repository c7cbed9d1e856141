"""How fast one worker writes to S3: half as fast at once when S3 says SlowDown, then faster again.

S3 accepts 3,500 writes a second for each partition of a bucket, and a new bucket has one partition
until S3 has split it. Meanwhile it answers 503 SlowDown:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
No worker knows how many others there are. Additive increase and multiplicative decrease lead all
of them to equal shares: Chiu and Jain, "Analysis of the increase and decrease algorithms for
congestion avoidance in computer networks", 1989.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from threading import Lock

from shared.clock import Clock
from shared.deadline import Deadline
from shared.model.errors import Throttled

DECREASE = 0.5
# In writes a second, each second; the same for all workers, so that the slow ones catch up.
INCREASE = 0.5
# In writes a second, for each accepted write: a fast worker recovers in seven seconds the half
# that it gave up.
LEAST_STEP = 0.1
# Ten thousand workers at this pace stay under the 3,500 writes a second of one partition.
SLOWEST = 0.25
# As many as a worker's upload threads can begin with 50 ms for each: nothing is limited from here.
FASTEST = 320.0
# An estimate may change while a thread sleeps.
LONGEST_NAP_SECONDS = 1.0
# What S3 accepted in these seconds says how much it will accept until the batch ends. With half
# of it, `tests/faults/test_slow_down.py` loses no render to a worse time to come.
OBSERVED_SECONDS = 10.0
CAUTION = 0.5


class UploadPace:
    """The pace of one worker process, in writes a second; unlimited until the first SlowDown.

    `backlog` counts the objects that this worker has yet to store for images that it has begun.
    """

    def __init__(self, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._begun: deque[float] = deque(maxlen=round(FASTEST))
        self._accepted: deque[float] = deque(maxlen=round(FASTEST * OBSERVED_SECONDS))
        self._slowed_at = -inf
        self.per_second = inf
        self.backlog = 0

    def begin(self, until: Deadline) -> float | None:
        """Wait for the next turn; return the time of it, or None if `until` came first."""
        while until.remaining_seconds():
            with self._lock:
                now = self._clock.now()
                seconds = self._seconds_to_turn(now)
                if seconds <= 0:
                    self._begun.append(now)
                    return now
            self._sleep(min(seconds, LONGEST_NAP_SECONDS))
        return None

    def accepted(self) -> None:
        """Write a little faster from now on."""
        with self._lock:
            self._accepted.append(self._clock.now())
            step = max(LEAST_STEP, min(INCREASE, INCREASE / self.per_second))
            self.per_second += step
            if self.per_second > FASTEST:
                self.per_second = inf

    def throttled(self, begun_at: float) -> None:
        """Write half as fast from now on, unless the write began at an earlier, faster pace."""
        with self._lock:
            if begun_at < self._slowed_at:
                return
            self._slowed_at = self._clock.now()
            # A worker that has little to write is slower than it may be.
            actual = max(1, self._recent(self._begun, 1.0))
            self.per_second = max(SLOWEST, DECREASE * min(self.per_second, actual))

    def admit(self, objects: int, until: Deadline) -> "PendingUploads":
        """Wait until so many more objects can be stored by `until`; raise `Throttled` if not.

        One image at a time is always admitted, or a worker would never see that S3 recovers.
        """
        while True:
            with self._lock:
                if not self.backlog or self.backlog + objects <= self._expected_writes(until):
                    self.backlog += objects
                    return PendingUploads(self, objects)
            if not until.remaining_seconds():
                raise Throttled(
                    f"Expected S3 to accept {objects} more objects in time, but it throttles.",
                    stage="put",
                )
            self._sleep(min(until.remaining_seconds(), LONGEST_NAP_SECONDS))

    @property
    def is_limited(self) -> bool:
        """Return whether S3 has throttled this worker and the pace has not recovered yet."""
        return self.per_second < inf

    def take_off(self, objects: int) -> None:
        """Take objects off the backlog that were stored or given up."""
        with self._lock:
            self.backlog -= objects

    def _expected_writes(self, until: Deadline) -> float:
        """Return how many writes S3 accepts by then, if it goes on as in the last seconds."""
        if not self.is_limited:
            return inf
        per_second = self._recent(self._accepted, OBSERVED_SECONDS) / OBSERVED_SECONDS
        return CAUTION * per_second * until.remaining_seconds()

    def _seconds_to_turn(self, now: float) -> float:
        # A wall clock may be set back: then the last write seems to be still to come.
        if not self.is_limited or not self._begun or self._begun[-1] > now:
            return 0.0
        return self._begun[-1] + 1 / self.per_second - now

    def _recent(self, times: Iterable[float], seconds: float) -> int:
        """Return how many of these times are in the last seconds."""
        since = self._clock.now() - seconds
        return sum(at > since for at in times)


@dataclass(slots=True)
class PendingUploads:
    """The objects of one image that are not stored yet, at the pace of their worker.

    An image may have more objects than were expected, if its lazy files are made at upload.
    """

    pace: UploadPace
    objects: int
    slow_downs: int = 0
    _lock: Lock = field(default_factory=Lock)

    def begin(self, until: Deadline) -> float | None:
        """Wait for the next turn of this worker."""
        return self.pace.begin(until)

    def accepted(self) -> None:
        """Count one object as stored."""
        self._take_off(1)
        self.pace.accepted()

    def throttled(self, begun_at: float) -> None:
        """Count one SlowDown."""
        with self._lock:
            self.slow_downs += 1
        self.pace.throttled(begun_at)

    def close(self) -> None:
        """Give up what is not stored, if anything: no upload of the image runs any more."""
        self._take_off(self.objects)

    def _take_off(self, objects: int) -> None:
        with self._lock:
            taken = min(objects, self.objects)
            self.objects -= taken
        self.pace.take_off(taken)
