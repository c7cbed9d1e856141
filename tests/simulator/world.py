"""One schedule: people, notifications, a queue, workers and AWS, and the truth at its end."""

import logging
import random
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from tests.simulator.calls import Network
from tests.simulator.deliveries import Deliveries
from tests.simulator.fates import Fate, Fates, FatesFromTape
from tests.simulator.mapping import EventSourceMapping
from tests.simulator.oracle import disagreements, strangers, told_keys, unannounced, unexplained
from tests.simulator.recipe_sets import remembered_fingerprints
from tests.simulator.scheduler import VIRTUAL, Scheduler, virtual_time
from tests.simulator.services import DEAD, KEYS, LIVE, build_services
from tests.simulator.story import Story
from tests.simulator.tape import Tape
from tests.simulator.user import Action, User
from tests.simulator.watch import OneWriterPerKey
from tests.simulator.workers import Crew

LONGEST_SECONDS = 20 * 86_400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn before a schedule begins."""

    actions: Sequence[Action]
    tape: bytes = b""
    pollers: int = 2
    runners: int = 0


class WrongEnd(AssertionError):
    """A schedule that did not end as it must."""


class World:
    """Everything of one schedule; `fates` decides about calls where the tape does not."""

    def __init__(self, plan: Plan, *, fates: Fates | None = None, is_told: bool = False) -> None:
        self._plan = plan
        self._tape = tape = Tape(plan.tape)
        self.scheduler = scheduler = Scheduler()
        self.story = Story(scheduler, is_wanted=is_told)
        self.deliveries = Deliveries(scheduler, tape, self.story)
        self.services = services = build_services(scheduler, self.deliveries.note)
        self.deliveries.services = services
        self._by_tape = FatesFromTape(tape)
        self.network = Network(scheduler, fates or self._by_tape, self.story)
        self.counts: Counter[str] = self.network.counts
        self.watch = OneWriterPerKey(services, self.counts)
        self.network.watches.append(self.watch)
        self.crew = Crew(scheduler, services, self.network)
        self.mapping = EventSourceMapping(services, self.crew, tape, self.story)
        self.user = User(services, self.crew, self._by_tape.outages)
        self.surprises: list[str] = []
        self._died_over: set[str] = set()

    def run(self) -> None:
        """Run the schedule to its end; raise `WrongEnd` or `TwoWriters` with what is wrong."""
        state = random.getstate()
        random.seed(0)
        _HEARD.world = self
        try:
            self._start()
            self._until_quiet("the schedule")
            self._check_nothing_is_lost()
            self._check_dead_letters()
            self._calm_down()
            self._until_quiet("verify and redrive")
            self._check_the_end()
            self._check_nobody_was_surprised()
        finally:
            _HEARD.world = None
            self.scheduler.close()
            VIRTUAL.process = None
            random.setstate(state)

    @property
    def is_calm(self) -> bool:
        """Say whether nothing may go wrong any more."""
        return self._tape.is_off

    def met(self) -> Counter[str]:
        """Return how often what happened."""
        return (
            self.counts
            + self.mapping.counts
            + Counter(
                {
                    "deaths": self.crew.crashes,
                    "events lost": len(self.deliveries.lost),
                    "events doubled": self.deliveries.duplicates,
                }
            )
        )

    def _start(self) -> None:
        for _ in range(self._plan.pollers):
            self.scheduler.start(self.mapping.poll)
        for _ in range(self._plan.runners):
            self.scheduler.start(lambda: self.crew.run_a_runner(self._tape))
        self.scheduler.start(lambda: self.user.act(self._plan.actions, self.story))

    def _until_quiet(self, what: str) -> None:
        came_to_an_end = self.scheduler.run(until=self._is_over, longest_seconds=LONGEST_SECONDS)
        if self.watch.broken:
            raise self.watch.broken[0]
        if not came_to_an_end:
            raise WrongEnd(f"Expected {what} to come to an end, got stuck.")
        self.story.tell("queue", "quiet")

    def _is_over(self) -> bool:
        return bool(self.watch.broken) or self._is_quiet()

    def _is_quiet(self) -> bool:
        return (
            self.user.is_done
            and not self.deliveries.pending
            and not self.user.pending
            and not self.mapping.running
            and not self.network.landing
            and not self.crew.is_busy
            and not self.services.queues.messages(LIVE)
        )

    def _calm_down(self) -> None:
        """Have nothing go wrong any more, and everything looked at once again."""
        self._tape.is_off = True
        self._by_tape.outages.clear()
        self.counts["redriven"] += self.services.redrive()
        self.user.verify()

    def _check_nothing_is_lost(self) -> None:
        self._died_over = told_keys(self.services)
        known = self._died_over | self.deliveries.lost
        for key in KEYS:
            wrong = list(disagreements(self.services, self.crew.recipe_set, key))
            self.counts["ends wrong, as told"] += bool(wrong)
            if wrong and key not in known:
                raise WrongEnd("\n".join(("Lost, and no dead letter tells of it:", *wrong)))

    def _check_dead_letters(self) -> None:
        faults = sum(self.counts[fate] for fate in Fate if fate is not Fate.WELL)
        calm = not (faults or self.mapping.counts or self.crew.crashes)
        for letter in self.services.queues.messages(DEAD):
            self.counts["dead letters"] += 1
            self.counts["dead letters without a cause"] += "cause" not in letter.attributes
            if wrong := unexplained(letter, self.user.deserved, calm=calm):
                raise WrongEnd(wrong)

    def _check_nobody_was_surprised(self) -> None:
        if self.surprises:
            raise WrongEnd(self.surprises[0])

    def _check_the_end(self) -> None:
        wrong = list(strangers(self.services, KEYS))
        for key in KEYS:
            wrong += disagreements(self.services, self.crew.recipe_set, key)
            # A dead letter that is redriven is another message, and knows of no announcement due.
            if key not in self._died_over:
                wrong += unannounced(self.services, key)
        for letter in self.services.queues.messages(DEAD):
            wrong += filter(None, [unexplained(letter, self.user.deserved, calm=True)])
        if wrong:
            raise WrongEnd("\n".join(wrong))


class _Heard:
    """Where the worker's log goes: its errors are surprises, nobody reads the other lines."""

    world: World | None = None

    def __call__(
        self, _logger: object, level: str, event: Mapping[str, object]
    ) -> Mapping[str, object]:
        if self.world:
            self.world.story.tell("log", f"{level}: {event}")
            if "exc_info" in event:
                raised = traceback.format_exc()
                self.world.surprises.append(f"{event['event']}: {raised}")
        raise structlog.DropEvent


_HEARD = _Heard()


@contextmanager
def simulated() -> Iterator[None]:
    """Let workers run in virtual time and log to their world."""
    former = structlog.get_config()
    structlog.configure(
        processors=[_HEARD], wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR)
    )
    try:
        with virtual_time(), remembered_fingerprints():
            yield
    finally:
        structlog.configure(**former)
