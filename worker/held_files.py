"""Bounds the memory of the files that a worker has rendered and not stored yet."""

from threading import Condition

from shared.deadline import Deadline
from shared.model.errors import OutOfTime
from shared.model.limits import MEBIBYTE

# A render begins only with at most this much in hand, and adds at most `MAX_FILES_BYTES` for each
# child. The files of ten photographs take about 30 MB.
MAX_HELD_BYTES = 64 * MEBIBYTE


class HeldFiles:
    """Counts the bytes of rendered files, of all images of the worker, until they are stored.

    Without it, ten images could fill the memory: a child renders the next one while the files of
    the ones before wait for S3.
    """

    def __init__(self) -> None:
        self._bytes = 0
        self._changed = Condition()

    def add(self, size_bytes: int) -> None:
        """Count a file that has been rendered."""
        with self._changed:
            self._bytes += size_bytes

    def remove(self, size_bytes: int) -> None:
        """Count no longer what has been stored or given up."""
        with self._changed:
            self._bytes -= size_bytes
            self._changed.notify_all()

    def wait_for_memory(self, until: Deadline) -> None:
        """Wait until another image may be rendered; `OutOfTime` if it may not in time."""
        with self._changed:
            is_enough = self._changed.wait_for(
                lambda: self._bytes <= MAX_HELD_BYTES, until.remaining_seconds()
            )
        if not is_enough:
            raise OutOfTime(
                "Expected memory for the files of one more image in time, got none.",
                stage="render",
            )
