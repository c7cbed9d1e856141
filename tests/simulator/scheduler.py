"""Virtual time in one thread: tasks are greenlets, and each event has its own time.

Two runs with the same choices take exactly the same steps.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf

from greenlet import GreenletExit, getcurrent, greenlet

from worker.policy import CALL_LIMITS

BEGINNING = 1_800_000_000.0


class Died(BaseException):
    """A process was killed. `except Exception` does not catch it, so none of its code runs on."""


class Scheduler:
    """Runs events in order of time; events of the same time in the order of planning."""

    def __init__(self) -> None:
        self.time = BEGINNING
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._planned = 0
        self._hub = getcurrent()
        self._tasks: list[greenlet] = []
        self._is_closed = False

    def now(self) -> float:
        """Return the true time, in seconds since the epoch."""
        return self.time

    def after(self, seconds: float, step: Callable[[], object]) -> None:
        """Call a function this many seconds from now."""
        self._planned += 1
        heappush(self._due, (self.time + seconds, self._planned, step))

    def start(self, work: Callable[[], None], *, after_seconds: float = 0.0) -> None:
        """Start a task; `run` raises the task's exceptions."""
        task = greenlet(work, parent=self._hub)
        self._tasks.append(task)
        self.after(after_seconds, task.switch)

    def sleep(self, seconds: float) -> None:
        """Let other tasks run for this many seconds; called from inside a task."""
        self.after(seconds, getcurrent().switch)
        self.pause()

    def pause(self) -> None:
        """Let other tasks run until a planned event switches back."""
        if self._is_closed:
            raise GreenletExit
        self._hub.switch()

    def run(self, *, until: Callable[[], bool], longest_seconds: float) -> bool:
        """Run until the condition holds, and say whether it came to hold in that time."""
        last = self.time + longest_seconds
        due = self._due
        while not until():
            if not due or due[0][0] > last:
                return False
            self.time, _, step = heappop(due)
            step()
        return True

    def close(self) -> None:
        """End every task immediately."""
        self._is_closed = True
        for task in self._tasks:
            if not task.dead:
                task.throw(GreenletExit)
        self._due.clear()


class MessageSignal:
    """Wakes the waiting tasks, so that none has to poll every second for work."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiting: list[Callable[[], None]] = []

    def wait(self, seconds: float) -> None:
        """Let other tasks run until `notify` is called, or for this many seconds."""
        task, is_awake = getcurrent(), False

        def wake() -> None:
            nonlocal is_awake
            if not is_awake:
                is_awake = True
                task.switch()

        self._waiting.append(wake)
        self._scheduler.after(seconds, wake)
        self._scheduler.pause()

    def notify(self) -> None:
        """Wake all waiting tasks."""
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            self._scheduler.after(0.0, wake)


class Process:
    """One operating system process: its clock, its end, and the code that runs in it.

    It is the clock that its own code is given, off the true time by `clock_offset_seconds`.
    `limits` are those of its clients' calls.
    """

    def __init__(self, name: str, scheduler: Scheduler, clock_offset_seconds: float) -> None:
        self.name = name
        self.offset_seconds = clock_offset_seconds
        self.dies_at = inf
        self.limits = CALL_LIMITS
        self.is_dead = False
        self._scheduler = scheduler

    @property
    def kind(self) -> str:
        """Return the first word of the name."""
        return self.name.partition(" ")[0]

    def now(self) -> float:
        """Return the time by this process's clock, in seconds since the epoch."""
        return self._scheduler.time + self.offset_seconds

    def sleep(self, seconds: float) -> None:
        """Let other tasks run; raises `Died` if the process is killed meanwhile."""
        self.check()
        left = self.dies_at - self._scheduler.time
        if seconds >= left:
            self._scheduler.sleep(max(0.0, left))
            self.die()
        self._scheduler.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raise `Died` in a killed process, so that its `finally` blocks have no effect either."""
        if self.is_dead:
            raise Died(self.name)

    def die(self) -> None:
        """Kill this process immediately."""
        self.is_dead = True
        raise Died(self.name)
