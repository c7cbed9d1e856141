"""Lambda functions: execution environments that are reused, killed and replaced.

A function is invoked by an event source mapping (`mapping.py`) or synchronously, by its URL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from tests.simulator.observer import MOST_OFFSET_SECONDS
from tests.simulator.scheduler import Died, Process, Scheduler
from tests.simulator.tape import Tape

# Out of 256: how often an idle environment is not reused.
NOT_REUSED = 24
COLD_START_SECONDS = 0.3


class Throttled(Exception):
    """The function runs as often as its reserved concurrency allows: Lambda answers 429."""


class Environment:
    """One execution environment, which is also the context that its handler gets."""

    def __init__(
        self, process: Process, handle: "Handle", generation: int, invocation_seconds: float
    ) -> None:
        self.process = process
        self.generation = generation
        self._handle = handle
        self._longest_seconds = invocation_seconds
        self.aws_request_id = ""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the invocation is killed."""
        return int((self.process.dies_at - self._true_time()) * 1000)

    def invoke(self, event: object, request_id: str) -> object:
        """Return the handler's response; raises `Died` if the process is killed before."""
        self.aws_request_id = request_id
        self.process.dies_at = self._true_time() + self._longest_seconds
        answered = self._handle(event, self)
        self.process.check()
        self.process.dies_at = inf
        return answered

    def _true_time(self) -> float:
        return self.process.now() - self.process.offset_seconds


Handle = Callable[[object, Environment], object]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What Terraform configures of a function; without `concurrency` there is no limit."""

    name: str
    invocation_seconds: float
    concurrency: float = inf


class Processes:
    """Starts processes, with clocks that are off the true time as the tape says."""

    def __init__(self, scheduler: Scheduler, tape: Tape) -> None:
        self._scheduler = scheduler
        self._tape = tape
        self._started = 0

    def start(self, kind: str) -> Process:
        """Return a new process."""
        self._started += 1
        offset = self._tape.pick((0.0, MOST_OFFSET_SECONDS, -MOST_OFFSET_SECONDS))
        return Process(f"{kind} {self._started}", self._scheduler, offset)


class Function:
    """One function; `start` loads its code into a new process and returns its handler."""

    def __init__(
        self,
        configuration: Configuration,
        start: Callable[[Process], Handle],
        processes: Processes,
        tape: Tape,
    ) -> None:
        self.configuration = configuration
        self._start = start
        self._processes = processes
        self._tape = tape
        self._idle: list[Environment] = []
        self._generation = 0
        self._calls = 0
        self.running = 0
        self.crashes = 0

    def publish(self) -> None:
        """Use new code from now on; running invocations finish with their own."""
        self._generation += 1
        self._idle.clear()

    def environment(self) -> Environment:
        """Return an idle environment, or a new one."""
        if self._idle and not self._tape.chance(NOT_REUSED):
            return self._idle.pop()
        process = self._processes.start(self.configuration.name)
        seconds = self.configuration.invocation_seconds
        return Environment(process, self._start(process), self._generation, seconds)

    def give_back(self, environment: Environment) -> None:
        """Keep an environment warm, if its code is still the published one."""
        if environment.generation == self._generation:
            self._idle.append(environment)

    def call(self, event: object) -> object:
        """Invoke the function and return its answer; `Throttled`, or `Died` if it is killed.

        Called in a task of the scheduler.
        """
        if self.running >= self.configuration.concurrency:
            raise Throttled(self.configuration.name)
        self.running += 1
        self._calls += 1
        environment = self.environment()
        try:
            answer = environment.invoke(event, f"{self.configuration.name}-{self._calls}")
        except Died:
            self.crashes += 1
            raise
        finally:
            self.running -= 1
        self.give_back(environment)
        return answer
