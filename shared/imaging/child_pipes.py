"""The parent's ends of the two pipes to a render child: reads and writes end at a time limit.

A thread that kills the child in time would do the same. But a worker that is short of memory
cannot start a thread, and one image more could then wait for ever.
"""

import os
import select
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader, BufferedWriter, FileIO
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MILLISECONDS = 1000


class ChildPipes:
    """What the parent reads from a child and writes to it.

    Takes over the two descriptors. Reads and writes raise `TimeoutError` once the time limit that
    `limit` has set is over; before the first call of `limit`, they do at once.
    """

    def __init__(self, reads: int, writes: int) -> None:
        # A blocking write to a pipe waits until all of it is written: man 7 pipe.
        os.set_blocking(writes, False)
        self._ends_at = -inf
        self._reads = reads
        self.reader = BufferedReader(_LimitedReader(reads, self._remaining_seconds))
        self.writer = BufferedWriter(_LimitedWriter(writes, self._remaining_seconds))

    def limit(self, seconds: float) -> None:
        """Let the reads and writes from now on end within this time, all together."""
        self._ends_at = monotonic() + seconds

    def has_unread(self) -> bool:
        """Return whether the child has sent bytes that were not read. Does not wait."""
        if self.reader.closed:
            return False
        self._ends_at = -inf
        try:
            # Without buffered bytes, this reads from the pipe, which has no time left.
            return bool(self.reader.peek(1))
        except TimeoutError:
            return bool(_events(self._reads, select.POLLIN, 0) & select.POLLIN)

    def close(self) -> None:
        """Close both pipes; what could not be written is lost."""
        self._ends_at = -inf
        for stream in (self.writer, self.reader):
            with suppress(OSError):  # the rest of a job that was cut off cannot be written
                stream.close()

    def _remaining_seconds(self) -> float:
        return self._ends_at - monotonic()


class _LimitedReader(FileIO):
    def __init__(self, descriptor: int, remaining_seconds: Callable[[], float]) -> None:
        super().__init__(descriptor, "rb")
        self._remaining_seconds = remaining_seconds

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        _await(self.fileno(), select.POLLIN, self._remaining_seconds())
        return super().readinto(buffer)


class _LimitedWriter(FileIO):
    def __init__(self, descriptor: int, remaining_seconds: Callable[[], float]) -> None:
        super().__init__(descriptor, "wb")
        self._remaining_seconds = remaining_seconds

    def write(self, data: "ReadableBuffer", /) -> int:
        _await(self.fileno(), select.POLLOUT, self._remaining_seconds())
        return super().write(data)


def _await(descriptor: int, event: int, seconds: float) -> None:
    if seconds <= 0 or not _events(descriptor, event, seconds):
        raise TimeoutError("The time limit is over.")


def _events(descriptor: int, event: int, seconds: float) -> int:
    """Return the events of a descriptor; 0 if there are none in time."""
    # Not select(), which refuses descriptors from 1024 on: man 2 select.
    poll = select.poll()
    poll.register(descriptor, event)
    return next((found for _, found in poll.poll(seconds * MILLISECONDS)), 0)
