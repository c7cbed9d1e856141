"""Threads of one simulated process as tasks of the scheduler: executors, futures, semaphores.

The worker's own code imports `wait`; `virtual_threads` replaces it where it is used.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from math import inf
from threading import BoundedSemaphore
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from greenlet import getcurrent

from tests.simulator.scheduler import Scheduler

P = ParamSpec("P")
T = TypeVar("T")

WAITING_MODULES = ("worker.batch", "worker.schedule", "worker.uploads")


class VirtualExecutor(Executor):
    """A pool of so many threads in virtual time; work begins in the order of its submission."""

    def __init__(self, scheduler: Scheduler, threads: int) -> None:
        self._scheduler = scheduler
        self._idle = threads
        self._waiting: deque[Callable[[], None]] = deque()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return a future whose `result` lets other tasks run until it is done."""
        future = VirtualFuture[T](self._scheduler)

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - as a pool's thread keeps it
                future.set_exception(error)

        self._waiting.append(work)
        if self._idle:
            self._idle -= 1
            self._scheduler.start(self._work)
        return future

    def _work(self) -> None:
        while self._waiting:
            self._waiting.popleft()()
        self._idle += 1


class VirtualFuture(Future[T]):
    """A future of a virtual thread."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def result(self, timeout: float | None = None) -> T:
        """Return the result once it is there; waits in virtual time."""
        wait_for(self._scheduler, [self], timeout)
        return super().result(timeout=0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the exception, or None, once it is done; waits in virtual time."""
        wait_for(self._scheduler, [self], timeout)
        return super().exception(timeout=0)


class VirtualSemaphore(BoundedSemaphore):
    """A semaphore whose waiting threads are tasks; the first to wait is the first to get it."""

    def __init__(self, scheduler: Scheduler, value: int) -> None:
        super().__init__(value)
        self._scheduler = scheduler
        self._queue: deque[Callable[[], None]] = deque()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - threading's
        """Return whether it was acquired before the timeout, in seconds."""
        if super().acquire(blocking=False):
            return True
        if not blocking:
            return False
        last = inf if timeout is None else self._scheduler.time + timeout
        while self._scheduler.time < last:
            sleeper = _Sleeper(self._scheduler)
            self._queue.append(sleeper.wake)
            if timeout is not None:
                self._scheduler.after(last - self._scheduler.time, sleeper.wake)
            self._scheduler.pause()
            if super().acquire(blocking=False):
                return True
        return False

    __enter__ = acquire

    def release(self, n: int = 1) -> None:
        """Give it back; the first waiting task runs next."""
        super().release(n)
        for _ in range(min(n, len(self._queue))):
            self._scheduler.after(0.0, self._queue.popleft())


class _Sleeper:
    """One task that pauses until the first of its wakers calls `wake`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._task = getcurrent()
        self._is_awake = False
        self._scheduler = scheduler

    def wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._task.switch()


def wait_for(
    scheduler: Scheduler, futures: Iterable[Future[Any]], timeout: float | None = None
) -> None:
    """Let other tasks run until all futures are done, or for `timeout` seconds."""
    left = [future for future in futures if not future.done()]
    if not left:
        return
    sleeper, count = _Sleeper(scheduler), len(left)

    def note(_: Future[Any]) -> None:
        nonlocal count
        count -= 1
        if not count:
            scheduler.after(0.0, sleeper.wake)

    for future in left:
        future.add_done_callback(note)
    if timeout is not None:
        scheduler.after(timeout, sleeper.wake)
    scheduler.pause()


@contextmanager
def virtual_threads(scheduler: Scheduler) -> Iterator[None]:
    """Let the worker's own code wait for futures in virtual time."""

    def wait(futures: Iterable[Future[Any]], timeout: float | None = None) -> None:
        wait_for(scheduler, list(futures), timeout)

    patches = [patch(f"{module}.wait", wait) for module in WAITING_MODULES]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()
