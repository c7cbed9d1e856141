"""The pool of render children of one worker process.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

from shared.imaging.child_handle import RenderChild
from shared.model.errors import OutOfTime
from shared.model.limits import Limits


class RenderPool:
    """Lends render children to threads; each child renders one image at a time.

    Starts `children` processes at once without waiting for them.
    """

    def __init__(self, children: int, limits: Limits) -> None:
        self._memory_bytes = limits.memory_bytes
        self._idle: LifoQueue[RenderChild] = LifoQueue()
        self.size = children
        for _ in range(children):
            self._idle.put(RenderChild(self._memory_bytes))

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[RenderChild]:
        """Lend a child that is ready, and take it back when the block ends.

        A child that has exited is replaced. Raises `OutOfTime` if no child is free within
        `wait_seconds`, and `RenderUnavailable` if the child does not become ready, which can take
        `START_SECONDS` more.
        """
        try:
            child = self._idle.get(timeout=max(0.0, wait_seconds))
        except Empty as error:
            raise OutOfTime(
                "Expected a free render child in time, got none.", stage="render"
            ) from error
        try:
            if not child.is_alive():
                child.stop()
                child = RenderChild(self._memory_bytes)
            child.await_ready()
            yield child
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """Stop every idle child."""
        while not self._idle.empty():
            self._idle.get().stop()
