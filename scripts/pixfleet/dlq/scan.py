"""One look through all of the dead-letter queue, after which every letter is there again.

SQS has no peek. A receive that hides nothing may return the same ten for ever, so whatever has
been looked at stays hidden until the end of the sweep and is then shown again. Letters are hidden
for a minute at first and for about as long again as the sweep has lasted: if it is killed, they
come back by themselves. Receives count against a message only where its queue has a redrive
policy, and the dead-letter queue has none; if somebody gave it one, no sweep begins.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from scripts.pixfleet.dlq.dead_letter import Letter, read_letter
from shared.clock import Clock
from shared.cloud.queues import BATCH_SIZE, Depth, Queues
from shared.model.errors import Misconfigured, PixfleetError

Item = TypeVar("Item")

HIDE_SECONDS = 60
# Hidden for less than this, a letter is hidden anew.
RENEW_SECONDS = 25
# A long poll asks all of SQS's servers, a short one only some of them.
WAIT_SECONDS = 1
LATE_SECONDS = 0.5
# So many empty answers in a row end a sweep that has not seen as many as the queue said.
EMPTY_ANSWERS = 3
# SQS hides at most 120,000 messages of a queue at a time:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_HELD = 100_000
# New letters arrive while we look; a queue that fills faster than it is read still has an end.
SURPLUS = 1_000
THREADS = 8


class Sweep:
    """Yields every letter once; a context, whose end shows again what was not forgotten.

    Memory: the receipt of each letter that is held, 100,000 at most, and ten bodies.
    """

    def __init__(
        self,
        queues: Queues,
        queue: str,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.queue = queue
        self.seen = 0
        self.is_cut_short = False
        self.depth = Depth(0, 0)
        self._queues = queues
        self._clock = clock
        self._pause = pause
        self._is_polling = False
        self._began = clock.now()
        # By id: the receipt, and until when the letter is hidden; the first ends first.
        self._held: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        self._began = self._clock.now()
        self.depth = self._queues.depth(self.queue)
        if self.depth.has_redrive_policy:
            raise Misconfigured(
                f"The dead letters of {self.queue} are not looked at",
                [
                    (
                        "expected a queue without a redrive policy of its own, with which "
                        "every look would count against a letter: remove that policy"
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
        """Show what is still held; what cannot be shown comes back by itself."""
        receipts = [receipt for receipt, _ in self._held.values()]
        self._held.clear()
        if self._is_polling and receipts:
            # Broken off in a long poll, which goes on in SQS: it would take what we show.
            self._pause(WAIT_SECONDS + LATE_SECONDS)
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(self._show, _tens(receipts)))

    def __iter__(self) -> Iterator[Letter]:
        """Yield each letter once, hidden from everybody else."""
        empty = 0
        most = 2 * self.depth.waiting + SURPLUS
        while self.seen < most:
            if len(self._held) >= MOST_HELD:
                break
            letters = self._receive()
            # Those that we hold already were hidden for too short a time: nothing new either.
            empty = 0 if letters else empty + 1
            if empty and (self.seen >= self.depth.waiting or empty >= EMPTY_ANSWERS):
                return
            for letter in letters:
                self.seen += 1
                yield letter
            self.renew()
        self.is_cut_short = True

    def delete(self, letters: Sequence[Letter]) -> int:
        """Delete letters of this sweep for good and return how many SQS refused to."""
        refused = 0
        receipts = [self._held[letter.id][0] for letter in letters if letter.id in self._held]
        for ten in _tens(receipts):
            refused += self._queues.acknowledge(self.queue, ten)
        for letter in letters:
            self._held.pop(letter.id, None)
        return refused

    def renew(self) -> None:
        """Hide again what would soon come back; to be called at least every few seconds."""
        now = self._clock.now()
        while due := list(islice(self._due(now), BATCH_SIZE)):
            seconds = self._hide_seconds()
            self._queues.hide(self.queue, [self._held[each][0] for each in due], seconds=seconds)
            for each in due:
                receipt, _ = self._held.pop(each)
                self._held[each] = receipt, now + seconds

    def _receive(self) -> list[Letter]:
        seconds = self._hide_seconds()
        now = self._clock.now()
        fresh = []
        self._is_polling = True
        answer = self._queues.receive(self.queue, wait_seconds=WAIT_SECONDS, hide_seconds=seconds)
        self._is_polling = False
        for raw in answer:
            letter = read_letter(raw, self.queue)
            # A standard queue may hand out a message twice; the later receipt is the one to use.
            if self._held.pop(letter.id, None) is None:
                fresh.append(letter)
            self._held[letter.id] = letter.message.receipt_handle, now + seconds
        return fresh

    def _due(self, now: float) -> Iterator[str]:
        for each, (_, hidden_until) in self._held.items():
            if hidden_until - now > RENEW_SECONDS:
                return
            yield each

    def _hide_seconds(self) -> int:
        return max(HIDE_SECONDS, round(self._clock.now() - self._began))

    def _show(self, receipts: Sequence[str]) -> None:
        with suppress(PixfleetError):
            self._queues.hide(self.queue, receipts, seconds=0)


def _tens(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while ten := list(islice(left, BATCH_SIZE)):
        yield ten
