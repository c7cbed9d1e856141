"""The pool of render children of one worker process, one child for each image at a time.

Never imports libvips: a decoder's bug must not run where the credentials are.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

from shared.imaging.child_process import RenderChild
from shared.model.errors import OutOfTime
from shared.model.limits import Limits

PR_SET_DUMPABLE = 4


class RenderPool:
    """The render children of this process; one image at a time has each of them."""

    def __init__(self, children: int, limits: Limits) -> None:
        _hide_this_process()
        self._memory_bytes = limits.memory_bytes
        self._idle: LifoQueue[RenderChild] = LifoQueue()
        self.size = children
        for _ in range(children):
            self._idle.put(RenderChild(self._memory_bytes))

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[RenderChild]:
        """Lend a child that is ready; `OutOfTime` if none is free in time.

        `RenderUnavailable` if none comes up, which takes up to `START_SECONDS` more.
        """
        try:
            child = self._idle.get(timeout=max(0.0, wait_seconds))
        except Empty as error:
            raise OutOfTime("Expected a free render child in time.", stage="render") from error
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


def _hide_this_process() -> None:
    """Keep our children from reading our memory and environment, where the credentials are.

    Children run as the same user, who may otherwise read /proc/<parent>/environ: man 2 prctl.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
