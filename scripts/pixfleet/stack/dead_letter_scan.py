"""Reads every message of the dead-letter queue once, and makes them visible again at the end.

SQS has no peek, and ReceiveMessage with a visibility timeout of zero may return the same ten
messages again and again. So a scan keeps the messages that it has received invisible until it
ends. Their visibility timeout is a minute at first, and later about the time that the scan has
lasted; if the process is killed, they become visible when this timeout ends. A receive counts
towards `maxReceiveCount` only on a queue with a redrive policy. The dead-letter queue has none,
and a scan refuses to start on a queue that has one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from scripts.pixfleet.stack.dead_letters import DeadLetter, read_dead_letter
from shared.clock import Clock
from shared.cloud.message_batches import BATCH_SIZE
from shared.cloud.queues import Depth, Queues
from shared.model.errors import Misconfigured, PixfleetError

Item = TypeVar("Item")
Received = Sequence[Mapping[str, object]]

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
    # So many receives run at the same time: the sooner a scan ends, the sooner others can read.
    receivers: int = 1
    # A scan ends after this time, whatever is left.
    max_seconds: float = float("inf")


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a scan looked: the messages that it read, and those that SQS reported before it.

    `reported` is approximate. Other processes held `in_flight` of them when the scan began. A scan
    that `is_cut_short` ended at a limit of its policy, one that `is_finished` at the end of the
    queue; a scan whose caller stopped it is neither.
    """

    queue: str
    read: int
    reported: int
    in_flight: int
    is_cut_short: bool = False
    is_finished: bool = True

    @property
    def unread(self) -> int:
        """Return how many messages the scan has not read, approximately."""
        return max(0, self.reported - self.read)

    @property
    def is_complete(self) -> bool:
        """Return whether the scan has read every message of the queue.

        A scan ends after long polls that returned nothing, so a reported number that is higher is
        out of date, unless another process holds the rest.
        """
        return self.is_finished and not (self.in_flight and self.unread)


class Scan:
    """Yields every dead letter once.

    It is a context manager: on exit, messages that were not deleted become visible. `is_cut_short`
    is whether a limit of the policy ended it, `is_finished` whether it reached the queue's end. It
    holds in memory the receipt handles of at most `max_held` messages, and ten bodies a receiver.
    """

    def __init__(
        self,
        queues: Queues,
        queue: str,
        clock: Clock,
        *,
        policy: ScanPolicy = ScanPolicy(),
    ) -> None:
        self.queue = queue
        self.read_count = 0
        self.is_cut_short = False
        self.is_finished = False
        self.depth = Depth(0, 0)
        self._queues = queues
        self._clock = clock
        self._policy = policy
        self._polls: list[Future[Received]] = []
        self._polled_until = 0.0
        self._threads = ThreadPoolExecutor(policy.receivers, thread_name_prefix="scan")
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
        # SQS continues an interrupted long poll, and hides what it returns.
        for poll in self._polls:
            with suppress(Exception, KeyboardInterrupt):
                self._hold(poll.result())
        self._threads.shutdown()
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
        ends_at = self._began + self._policy.max_seconds
        while self.read_count < most and self._clock.now() < ends_at:
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
                self.is_finished = True
                return
            for dead_letter in dead_letters:
                self.read_count += 1
                yield dead_letter
            self.renew()
        self.is_cut_short = True

    @property
    def coverage(self) -> Coverage:
        """Return how far the scan has looked."""
        return Coverage(
            queue=self.queue,
            read=self.read_count,
            reported=self.depth.all,
            in_flight=self.depth.in_flight,
            is_cut_short=self.is_cut_short,
            is_finished=self.is_finished,
        )

    def delete(self, dead_letters: Sequence[DeadLetter]) -> int:
        """Delete messages of this scan for good and return how many were not deleted.

        A message whose visibility timeout has ended may be in the hands of another process. SQS
        accepts its old receipt handle and may not delete it, so it counts as not deleted:
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
        """
        now = self._clock.now()
        held = [self._held.pop(each.id, ("", 0.0)) for each in dead_letters]
        handles = [receipt for receipt, until in held if until > now]
        refused = len(held) - len(handles)
        for ten in _tens(handles):
            refused += self._queues.acknowledge(self.queue, ten)
        return refused

    def renew(self) -> None:
        """Extend visibility timeouts that end soon.

        Iteration calls it. A caller that takes long over a message calls it every few seconds.
        """
        now = self._clock.now()
        while due := list(islice(self._due(now), BATCH_SIZE)):
            seconds = self._timeout_seconds()
            handles = [self._held[each][0] for each in due]
            lost = set(self._queues.hide(self.queue, handles, seconds=seconds))
            for each in due:
                receipt, _ = self._held.pop(each)
                if receipt not in lost:
                    self._held[each] = receipt, now + seconds

    def _receive(self) -> list[DeadLetter]:
        seconds = self._timeout_seconds()
        self._polled_until = self._clock.now() + seconds
        self._polls = [
            self._threads.submit(self._poll, seconds) for _ in range(self._policy.receivers)
        ]
        new = [each for poll in self._polls for each in self._hold(poll.result())]
        self._polls = []
        return new

    def _poll(self, seconds: int) -> Received:
        return self._queues.receive(
            self.queue, wait_seconds=self._policy.wait_seconds, hide_seconds=seconds
        )

    def _hold(self, received: Received) -> list[DeadLetter]:
        """Record the receipt handles, and return the messages that are new to this scan."""
        new = []
        for raw in received:
            dead_letter = read_dead_letter(raw, self.queue)
            # A standard queue may deliver a message twice; only the later receipt handle is valid.
            if self._held.pop(dead_letter.id, None) is None:
                new.append(dead_letter)
            self._held[dead_letter.id] = dead_letter.message.receipt_handle, self._polled_until
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
