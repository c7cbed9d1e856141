"""One schedule: people, notifications, a queue, workers and AWS, and the check of its end."""

import logging
import random
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random

import structlog

from scripts.local.edge.cache_key import KeyPolicy
from tests.simulator.call_outcomes import Outcomes, OutcomesFromTape
from tests.simulator.calls import Network
from tests.simulator.deliveries import Deliveries
from tests.simulator.edge import Edge, VariantsOrigin
from tests.simulator.mapping import LARGE_LANE, EventSourceMapping
from tests.simulator.notifications import Change
from tests.simulator.observer import OneWriterPerKey
from tests.simulator.on_demand import OnDemand
from tests.simulator.oracle import (
    dead_letter_keys,
    disagreements,
    right_pictures,
    unannounced,
    unexplained,
    unknown_objects,
)
from tests.simulator.publications import Publications
from tests.simulator.queues import LateChange
from tests.simulator.recipe_sets import remembered_fingerprints
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import DEAD, KEYS, LANES, LARGE, build_services
from tests.simulator.source_history import SourceHistory
from tests.simulator.tape import Tape
from tests.simulator.trace import Trace
from tests.simulator.user import Action, User
from tests.simulator.viewers import Viewers
from tests.simulator.workers import Workers
from tests.support.staleness import ALL_CACHES, BY_VERSION

# Kinds of processes.
WORKERS, SERVING = (
    frozenset({"lambda", "runner"}),
    frozenset({"renderer", "purge"}),
)
LONGEST_SECONDS = 20 * 86_400.0
# How many of the edge's requests S3 answers with 503, besides outages.
REFUSED_SHARES = (0.0, 0.0, 0.0, 0.1)
# How long an answer takes from an origin to a cache.
TRAVELS = (0.0, 0.0, 0.0, 0.05, 0.9)


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices that are drawn before a schedule begins."""

    actions: Sequence[Action]
    tape: bytes = b""
    pollers: int = 2
    runners: int = 0
    # The seed of the reads through the edge; with 0, nobody reads except by an action.
    reads: int = 0
    # Whether there are a renderer and a purge function.
    on_demand: bool = False
    # The kinds of processes whose calls may fail; all if there are none.
    struck_kinds: frozenset[str] = frozenset()


class WrongFinalState(AssertionError):
    """A schedule whose final state is wrong."""


class World:
    """Everything of one schedule; `outcomes` decides about calls instead of the tape."""

    def __init__(
        self,
        plan: Plan,
        *,
        outcomes: Outcomes | None = None,
        is_traced: bool = False,
        key_policy: KeyPolicy = BY_VERSION,
    ) -> None:
        self._plan = plan
        self._tape = tape = Tape(plan.tape)
        self.scheduler = scheduler = Scheduler()
        self.trace = Trace(scheduler, is_wanted=is_traced)
        self.deliveries = Deliveries(scheduler, tape, self.trace)
        self.services = services = build_services(scheduler, self._change, self._late_change)
        self.deliveries.services = services
        self._by_tape = OutcomesFromTape(tape)
        self.network = Network(scheduler, outcomes or self._by_tape, self.trace)
        self.network.struck_kinds = plan.struck_kinds
        self.counts: Counter[str] = self.network.counts
        self.observer = OneWriterPerKey(services, self.counts)
        self.network.observers.append(self.observer)
        self.workers = Workers(scheduler, services, self.network, tape, on_demand=plan.on_demand)
        self.mapping = EventSourceMapping(services, self.workers.function, tape, self.trace)
        self.large_mapping = EventSourceMapping(
            services, self.workers.large_function, tape, self.trace, LARGE_LANE
        )
        self.on_demand = (
            OnDemand(services, self.network, self.workers, tape, self.trace)
            if plan.on_demand
            else None
        )
        self.history = SourceHistory(scheduler, self.workers.recipe_set)
        self.history.services = services
        self.workers.on_deploy.append(self.history.deploy)
        if self.on_demand:
            self.workers.on_deploy.append(self.on_demand.deploy)
        self.user = User(services, self.workers, self._by_tape.outages)
        has_viewers = plan.reads or plan.on_demand
        self.viewers = self._viewers(key_policy) if has_viewers else None
        if self.viewers:
            self.user.look = self.viewers.look
        self.surprises: list[str] = []
        self._dead_letter_keys: set[str] = set()

    def run(self) -> None:
        """Run the schedule to its end; raises `WrongFinalState` or `TwoWriters`."""
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
            if self.viewers:
                self.viewers.check_the_end(self._right_pictures())
                self._check_the_end()
        finally:
            _HEARD.world = None
            self.scheduler.close()
            random.setstate(state)

    @property
    def is_calm(self) -> bool:
        """Return whether fault injection has ended."""
        return self._tape.is_off

    def events(self) -> Counter[str]:
        """Return how often each kind of event happened."""
        return (
            self.counts
            + self.mapping.counts
            + self.large_mapping.counts
            + (self.viewers.counts if self.viewers else Counter())
            + (self.on_demand.counts if self.on_demand else Counter())
            + Counter(
                {
                    "deaths": self._crashes,
                    "events lost": len(self.deliveries.lost),
                    "events doubled": self.deliveries.duplicates,
                    "forwarded": self.services.queues.sent[LARGE],
                }
            )
        )

    def _viewers(self, key_policy: KeyPolicy) -> Viewers:
        """Return the viewers, their caches and how often S3 refuses the edge, all by one seed."""
        dice = Random(self._plan.reads)  # noqa: S311 - no secret
        caches, refused_share = dice.choice(ALL_CACHES), dice.choice(REFUSED_SHARES)
        refused_share *= bool(self._plan.reads)

        def refuses() -> bool:
            is_down = "s3" in self._by_tape.outages
            return is_down or (not self.is_calm and dice.random() < refused_share)

        origin = VariantsOrigin(self.services, refuses)
        publications = Publications(self.services)
        renderer = None
        if self.on_demand:
            renderer = self.on_demand.origin_for(self.history, publications)
        edge = Edge(
            self.scheduler,
            origin,
            caches,
            key_policy,
            renderer=renderer,
            travel=lambda: dice.choice(TRAVELS),
        )
        cloudfront = self.services.cloudfront
        cloudfront.evict, cloudfront.tiers = edge.evict, len(edge.tiers)
        cloudfront.pick = dice.choice
        self.user.evict = partial(edge.evict_everywhere, ["/*"])
        viewers = Viewers(self.services, edge, publications, caches, self.trace, dice)
        viewers.is_reading = bool(self._plan.reads)
        if self.on_demand:
            viewers.names, viewers.has_renderer = self._names_of, True
        self.network.observers += [publications, viewers]
        return viewers

    def _names_of(self, key: str) -> Sequence[str]:
        recipe = self.workers.recipe_set.matching(key)
        stored = recipe.stored_names() if recipe else ()
        return [f"{variant}.{slot}" for variant, slot in stored]

    def _right_pictures(self) -> dict[str, bytes]:
        """Return what each URL has to show at the end."""
        assert self.viewers
        right: dict[str, bytes] = {}
        for key in KEYS:
            shown = self.viewers.urls(key)
            right |= dict.fromkeys(shown, b"")
            right |= right_pictures(self.services, self.workers.recipe_set, key)
        return right

    def _change(self, change: Change) -> None:
        self.history.note(change)
        self.deliveries.note(change)

    @property
    def _crashes(self) -> int:
        served = self.on_demand.crashes if self.on_demand else 0
        return self._workers_crashes + served

    @property
    def _workers_crashes(self) -> int:
        functions = (self.workers.function, self.workers.large_function)
        return sum(each.crashes for each in functions) + self.workers.runner_crashes

    def _late_change(self) -> LateChange:
        change = self._tape.pick(tuple(LateChange))
        self.counts[f"late change {change.name}"] += 1
        return change

    def _start(self) -> None:
        for _ in range(self._plan.pollers):
            self.scheduler.start(self.mapping.poll)
        self.scheduler.start(self.large_mapping.poll)
        for _ in range(self._plan.runners):
            self.scheduler.start(self.workers.run_a_runner)
        self.scheduler.start(lambda: self.user.act(self._plan.actions, self.trace))
        if self.on_demand:
            self.scheduler.start(self.on_demand.purging.poll)
        if self.viewers:
            self.viewers.start([KEYS[action.key] for action in self._plan.actions])

    def _until_quiet(self, what: str) -> None:
        came_to_an_end = self.scheduler.run(until=self._is_over, longest_seconds=LONGEST_SECONDS)
        if self.observer.broken:
            raise self.observer.broken[0]
        if not came_to_an_end:
            raise WrongFinalState(f"Expected {what} to come to an end, got stuck.")
        self.trace.add("queue", "quiet")

    def _is_over(self) -> bool:
        return bool(self.observer.broken) or self._is_quiet()

    def _is_quiet(self) -> bool:
        return (
            self.user.is_done
            and (self.viewers is None or self.viewers.is_done)
            and not self.deliveries.pending
            and not self.user.pending
            and not self.mapping.running
            and not self.large_mapping.running
            and not self.network.landing
            and not self.workers.is_busy
            and not (self.on_demand and self.on_demand.is_busy)
            and not any(map(self.services.queues.messages, LANES))
        )

    def _calm_down(self) -> None:
        """End fault injection, and have every key processed once more."""
        self._tape.is_off = True
        self._by_tape.outages.clear()
        self.counts["redriven"] += self.services.redrive()
        self.user.verify()

    def _check_nothing_is_lost(self) -> None:
        self._dead_letter_keys = dead_letter_keys(self.services)
        known = self._dead_letter_keys | self.deliveries.lost
        for key in KEYS:
            wrong = list(self._disagreements(key))
            self.counts["ends wrong, as a dead letter says"] += bool(wrong)
            if wrong and key not in known:
                raise WrongFinalState("\n".join(("Lost, and no dead letter names it:", *wrong)))

    def _disagreements(self, key: str) -> Iterator[str]:
        on_demand = self._plan.on_demand
        return disagreements(self.services, self.workers.recipe_set, key, on_demand=on_demand)

    def _check_dead_letters(self) -> None:
        # A renderer in trouble is no excuse: nobody makes a dead letter by looking at a picture.
        faults = sum(self.network.faults[kind] for kind in WORKERS)
        counts = self.mapping.counts + self.large_mapping.counts
        calm = not (faults or counts or self._workers_crashes)
        for dead_letter in self.services.queues.messages(DEAD):
            self.counts["dead letters"] += 1
            self.counts["dead letters without a cause"] += "cause" not in dead_letter.attributes
            if wrong := unexplained(dead_letter, self.user.expected_causes, calm=calm):
                raise WrongFinalState(wrong)

    def _check_nobody_was_surprised(self) -> None:
        if self.surprises:
            raise WrongFinalState(self.surprises[0])

    def _check_the_end(self) -> None:
        wrong = list(unknown_objects(self.services, KEYS))
        for key in KEYS:
            wrong += self._disagreements(key)
            # A redriven dead letter has a new id, so its worker cannot know of a due event.
            if key not in self._dead_letter_keys:
                wrong += unannounced(self.services, key)
        if self.on_demand:
            wrong += self.on_demand.purges.lost
        for dead_letter in self.services.queues.messages(DEAD):
            wrong += filter(None, [unexplained(dead_letter, self.user.expected_causes, calm=True)])
        if wrong:
            raise WrongFinalState("\n".join(wrong))


class _Heard:
    """Adds each line of the worker's log to the trace, and exceptions to the surprises."""

    world: World | None = None

    def __call__(
        self, _logger: object, level: str, event: Mapping[str, object]
    ) -> Mapping[str, object]:
        if self.world:
            self.world.trace.add("log", f"{level}: {event}")
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
        with remembered_fingerprints():
            yield
    finally:
        structlog.configure(**former)
