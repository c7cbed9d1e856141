"""Reads every message of the dead-letter queue once, and makes them visible again at the end.

SQS has no peek, and ReceiveMessage with a visibility timeout of zero may return the same ten
messages again and again. So a scan keeps the messages that it has received invisible until it
ends. Their visibility timeout is a minute at first, and later about the time that the scan has
lasted; if the process is killed, they become visible when this timeout ends. A receive counts
towards `maxReceiveCount` only on a queue with a redrive policy. The dead-letter queue has none,
and a scan refuses to start on a queue that has one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from scripts.pixfleet.stack.dead_letters import DeadLetter, read_dead_letter
from shared.clock import Clock
from shared.cloud.queues import BATCH_SIZE, Depth, Queues
from shared.model.errors import Misconfigured, PixfleetError

Item = TypeVar("Item")

LATE_SECONDS = 0.5
THREADS = 8


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    """How long a scan keeps messages invisible, and when it ends."""

    visibility_timeout_seconds: int = 60
    # A message that becomes visible in less than this gets a new visibility timeout.
    renew_seconds: int = 25
    # A long poll asks all of SQS's servers, a short poll only some of them.
    wait_seconds: int = 1
    # A scan that has read fewer messages than the queue reported ends after this many empty
    # receives.
    max_empty_receives: int = 3
    # A queue may have at most 120,000 messages in flight:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    max_held: int = 100_000
    # A scan reads at most this many more than twice the reported number of messages, because
    # messages may arrive faster than they are read.
    max_surplus: int = 1_000


class Scan:
    """Yields every dead letter once.

    It is a context manager: on exit, messages that were not deleted become visible. `is_cut_short`
    is whether a limit of the policy ended it. It holds in memory the receipt handles of at most
    `max_held` messages, and ten bodies.
    """

    def __init__(
        self,
        queues: Queues,
        queue: str,
        clock: Clock,
        *,
        policy: ScanPolicy = ScanPolicy(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.queue = queue
        self.read_count = 0
        self.is_cut_short = False
        self.depth = Depth(0, 0)
        self._queues = queues
        self._clock = clock
        self._policy = policy
        self._sleep = sleep
        self._is_polling = False
        self._began = clock.now()
        # By message id: receipt handle, and until when the message is invisible, soonest first.
        self._held: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        self._began = self._clock.now()
        self.depth = self._queues.depth(self.queue)
        if self.depth.has_redrive_policy:
            raise Misconfigured(
                f"Cannot scan the dead letters of {self.queue}",
                [
                    (
                        "expected a dead-letter queue without a redrive policy of its own: "
                        "every receive would count against its messages, so remove that policy"
                    )
                ],
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Make the held messages visible.

        Failures are ignored: the messages become visible when their visibility timeout ends.
        """
        if self._is_polling and self._held:
            # SQS continues an interrupted long poll, which would receive the messages.
            self._sleep(self._policy.wait_seconds + LATE_SECONDS)
        # SQS accepts a late change, which would show what another process has received since:
        # https://github.com/localstack/localstack/pull/9632 (validated against AWS).
        now = self._clock.now()
        handles = [receipt for receipt, until in self._held.values() if until > now]
        self._held.clear()
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(self._make_visible, _tens(handles)))

    def __iter__(self) -> Iterator[DeadLetter]:
        """Yield each dead letter once; it is invisible to other consumers until the scan ends."""
        empty_receives = 0
        most = 2 * self.depth.waiting + self._policy.max_surplus
        while self.read_count < most:
            if len(self._held) >= self._policy.max_held:
                break
            dead_letters = self._receive()
            # A receive is also empty if it returns only messages that this scan has read already,
            # because their visibility timeout ended.
            empty_receives = 0 if dead_letters else empty_receives + 1
            if empty_receives and (
                self.read_count >= self.depth.waiting
                or empty_receives >= self._policy.max_empty_receives
            ):
                return
            for dead_letter in dead_letters:
                self.read_count += 1
                yield dead_letter
            self.renew()
        self.is_cut_short = True

    def delete(self, dead_letters: Sequence[DeadLetter]) -> int:
        """Delete messages of this scan for good and return how many SQS refused to delete."""
        refused = 0
        handles = [self._held[each.id][0] for each in dead_letters if each.id in self._held]
        for ten in _tens(handles):
            refused += self._queues.acknowledge(self.queue, ten)
        for dead_letter in dead_letters:
            self._held.pop(dead_letter.id, None)
        return refused

    def renew(self) -> None:
        """Extend visibility timeouts that end soon.

        Iteration calls it. A caller that takes long over a message calls it every few seconds.
        """
        now = self._clock.now()
        while due := list(islice(self._due(now), BATCH_SIZE)):
            seconds = self._timeout_seconds()
            self._queues.hide(self.queue, [self._held[each][0] for each in due], seconds=seconds)
            for each in due:
                receipt, _ = self._held.pop(each)
                self._held[each] = receipt, now + seconds

    def _receive(self) -> list[DeadLetter]:
        seconds = self._timeout_seconds()
        now = self._clock.now()
        new = []
        self._is_polling = True
        received = self._queues.receive(
            self.queue, wait_seconds=self._policy.wait_seconds, hide_seconds=seconds
        )
        self._is_polling = False
        for raw in received:
            dead_letter = read_dead_letter(raw, self.queue)
            # A standard queue may deliver a message twice; only the later receipt handle is valid.
            if self._held.pop(dead_letter.id, None) is None:
                new.append(dead_letter)
            self._held[dead_letter.id] = dead_letter.message.receipt_handle, now + seconds
        return new

    def _due(self, now: float) -> Iterator[str]:
        for each, (_, invisible_until) in self._held.items():
            if invisible_until - now > self._policy.renew_seconds:
                return
            yield each

    def _timeout_seconds(self) -> int:
        lasted = round(self._clock.now() - self._began)
        return max(self._policy.visibility_timeout_seconds, lasted)

    def _make_visible(self, handles: Sequence[str]) -> None:
        with suppress(PixfleetError):
            self._queues.hide(self.queue, handles, seconds=0)


def _tens(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while ten := list(islice(left, BATCH_SIZE)):
        yield ten
