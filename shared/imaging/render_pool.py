"""The pool of render children of one worker process.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import ReadyFrame
from shared.model.errors import OutOfTime, RenderUnavailable
from shared.model.limits import IMAGES_PER_CHILD, Limits


class RenderPool:
    """Lends render children to threads; each child renders one image at a time.

    Starts `children` processes at once without waiting for them. Where one cannot be started, the
    next image tries again. `on_ready` is called once, with what the first child that is ready says
    of itself, which is true of all. A child is replaced after `images_per_child` images.
    """

    def __init__(
        self,
        children: int,
        limits: Limits,
        on_ready: Callable[[ReadyFrame], None] = lambda _ready: None,
        *,
        images_per_child: int = IMAGES_PER_CHILD,
    ) -> None:
        self._on_ready = on_ready
        self._is_first = threading.Lock()
        self._idle: LifoQueue[_Seat] = LifoQueue()
        self.size = children
        for _ in range(children):
            self._idle.put(_Seat(limits.memory_bytes, images_per_child))

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
                self._on_ready(child.await_ready())
            yield child
        finally:
            seat.retire_child()
            self._idle.put(seat)

    def close(self) -> None:
        """Stop every idle child."""
        while not self._idle.empty():
            self._idle.get().stop()


class _Seat:
    """One place of the pool: its child, and that child's successor once it has been started.

    There is no child if none could be started.
    """

    def __init__(self, memory_bytes: int, images_per_child: int) -> None:
        self._memory_bytes = memory_bytes
        self._images_per_child = images_per_child
        self._successor: RenderChild | None = None
        # The first image reports why no child could be started.
        self._child = self._started_if_possible()

    def ready_child(self) -> RenderChild:
        """Return the child, or a new one if it has exited or sent something unasked.

        A new child is started beside one that has come to its last image, so that the image after
        that need not wait.
        """
        if self._child is None or not self._child.is_usable():
            self._replace_child()
        child = self._child or RenderChild(self._memory_bytes)
        self._child = child
        child.await_ready()
        if child.images + 1 >= self._images_per_child and self._successor is None:
            self._successor = self._started_if_possible()
        return child

    def retire_child(self) -> None:
        """Replace the child if it has rendered its last image."""
        if self._child and self._child.is_worn_out(self._images_per_child):
            self._replace_child()

    def stop(self) -> None:
        """Stop the child and its successor."""
        for child in (self._child, self._successor):
            if child:
                child.stop()
        self._child = self._successor = None

    def _replace_child(self) -> None:
        if self._child:
            self._child.stop()
        self._child, self._successor = self._successor, None

    def _started_if_possible(self) -> RenderChild | None:
        try:
            return RenderChild(self._memory_bytes)
        except RenderUnavailable:
            return None
