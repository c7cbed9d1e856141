"""The pool of render children of one worker process.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue

from shared.imaging.child_handle import RenderChild
from shared.imaging.sandbox.lock import Lock
from shared.model.errors import OutOfTime, RenderUnavailable
from shared.model.limits import Limits


class RenderPool:
    """Lends render children to threads; each child renders one image at a time.

    Starts `children` processes at once without waiting for them. Where one cannot be started, the
    next image tries again. `on_locked` is called once, with the locks of the first child that is
    ready; all children get the same ones.
    """

    def __init__(
        self,
        children: int,
        limits: Limits,
        on_locked: Callable[[Sequence[Lock]], None] = lambda _locks: None,
    ) -> None:
        self._on_locked = on_locked
        self._is_first = threading.Lock()
        self._idle: LifoQueue[_Seat] = LifoQueue()
        self.size = children
        for _ in range(children):
            self._idle.put(_Seat(limits.memory_bytes))

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[RenderChild]:
        """Lend a child that is ready, and take it back when the block ends.

        A child that has exited is replaced. Raises `OutOfTime` if no child is free within
        `wait_seconds`, and `RenderUnavailable` if none can be started or it does not become
        ready, which can take `START_SECONDS` more.
        """
        try:
            seat = self._idle.get(timeout=max(0.0, wait_seconds))
        except Empty as error:
            raise OutOfTime(
                "Expected a free render child in time, got none.", stage="render"
            ) from error
        try:
            child = seat.ready_child()
            if self._is_first.acquire(blocking=False):  # never released: true once
                self._on_locked(child.await_ready().locks)
            yield child
        finally:
            self._idle.put(seat)

    def close(self) -> None:
        """Stop every idle child."""
        while not self._idle.empty():
            self._idle.get().stop()


class _Seat:
    """One place of the pool: it has a child unless none could be started."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._child: RenderChild | None = None
        with suppress(RenderUnavailable):  # of which the first image reports the reason
            self._child = RenderChild(memory_bytes)

    def ready_child(self) -> RenderChild:
        """Return the child, or a new one if it has exited or sent something unasked."""
        if self._child is None or not self._child.is_usable():
            self.stop()
            self._child = RenderChild(self._memory_bytes)
        self._child.await_ready()
        return self._child

    def stop(self) -> None:
        """Stop the child."""
        if self._child:
            self._child.stop()
            self._child = None
