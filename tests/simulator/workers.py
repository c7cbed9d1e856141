"""The real worker in simulated processes: Lambda's environments, and runners on a long poll."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import cache
from threading import BoundedSemaphore
from typing import Any, ParamSpec, TypeVar, cast

from shared.cloud.calls import Calls
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.cloud.topics import Topic
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.model.recipe import RecipeSet
from shared.settings import Settings, read_settings
from tests.simulator.calls import FakeClient, Network
from tests.simulator.functions import Configuration, Function, Handle, Processes
from tests.simulator.polls import LongPoll, Stopping
from tests.simulator.recipe_sets import ON_DEMAND_RECIPE_SETS, RECIPE_SETS
from tests.simulator.render_pool import LARGE_BYTES, FakeRenderPool
from tests.simulator.scheduler import Died, Process, Scheduler
from tests.simulator.services import (
    DEAD,
    INVOCATION_SECONDS,
    LARGE,
    LARGE_INVOCATION_SECONDS,
    LIVE,
    MAX_RECEIVES,
    PURGE,
    SERVING,
    SOURCES,
    TABLE,
    TOPIC_ARN,
    VARIANTS,
    Services,
)
from tests.simulator.tape import Tape
from worker.batch import Consumer, answer
from worker.context import WorkerContext
from worker.policy import POLICY
from worker.runner import Runner
from worker.upload_pace import UploadPace

P = ParamSpec("P")
T = TypeVar("T")

RENDER_SECONDS, LARGE_RENDER_SECONDS = 20, 150
RESTART_SECONDS = 2.0


class InlineExecutor(Executor):
    """Runs submitted work immediately. If the process is killed, `Died` reaches the submitter."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as a pool's thread keeps it
            future.set_exception(error)
        return future


@cache
def settings(*, on_demand: bool = False) -> Settings:
    """Return the settings of the simulated workers, and of the renderer if there is one."""
    read = read_settings(
        {
            "PIXFLEET_FLEET": "photos",
            "PIXFLEET_SOURCES_BUCKET": SOURCES,
            "PIXFLEET_VARIANTS_BUCKET": VARIANTS,
            "PIXFLEET_LEDGER_TABLE": TABLE,
            "PIXFLEET_DEAD_LETTER_QUEUE": DEAD,
            "PIXFLEET_RECIPES": "in memory",
            "PIXFLEET_QUEUE": LIVE,
            "PIXFLEET_MAX_RECEIVES": str(MAX_RECEIVES),
            "PIXFLEET_RENDER_SECONDS": str(RENDER_SECONDS),
            "PIXFLEET_RENDER_CHILDREN": "1",
            "PIXFLEET_LARGER_LANES": f"{LIVE}={LARGE}",
        }
    )
    if not on_demand:
        return read
    # Two renderers of three may make what is not published.
    return replace(
        read, on_demand=True, serving_table=SERVING, purge_queue=PURGE, unpublished_renders=2
    )


def larger(read: Settings) -> Settings:
    """Return the settings of the larger lane, which has none above it."""
    limits = replace(read.limits, memory_bytes=LARGE_BYTES)
    return replace(read, limits=limits, render_seconds=LARGE_RENDER_SECONDS, larger_lanes={})


class Workers:
    """Starts processes with the deployed recipes, and replaces killed ones."""

    def __init__(
        self,
        scheduler: Scheduler,
        services: Services,
        network: Network,
        tape: Tape,
        *,
        invocation_seconds: float = INVOCATION_SECONDS,
        on_demand: bool = False,
    ) -> None:
        self.settings = settings(on_demand=on_demand)
        self.recipe_sets = ON_DEMAND_RECIPE_SETS if on_demand else RECIPE_SETS
        self._scheduler = scheduler
        self._services = services
        self._network = network
        self.processes = Processes(scheduler, tape)
        self._polls: list[LongPoll] = []
        self._stops: list[Stopping] = []
        configuration = Configuration("lambda", invocation_seconds)
        self.function = Function(configuration, self._start, self.processes, tape)
        large = Configuration("lambda of large", LARGE_INVOCATION_SECONDS)
        self.large_function = Function(large, self._start_large, self.processes, tape)
        self.recipe_set = self.recipe_sets[0]
        self.runner_crashes = 0
        self.on_deploy: list[Callable[[RecipeSet], None]] = []

    @property
    def is_busy(self) -> bool:
        """Return whether a runner is processing messages."""
        return any(poll.is_busy for poll in self._polls)

    def deploy(self, recipe_set: RecipeSet) -> None:
        """Use other recipes from now on; running processes finish with their own."""
        self.recipe_set = recipe_set
        self.function.publish()
        self.large_function.publish()
        for hook in self.on_deploy:
            hook(recipe_set)
        for stop in self._stops:
            stop.set()
        self._services.signals[LIVE].notify()

    def run_a_runner(self) -> None:
        """Run one runner, and restart it whenever it ends."""
        while True:
            process = self.processes.start("runner")
            poll = LongPoll(process, self._network, self._services)
            stop = Stopping(process, poll, self._services)
            self._polls.append(poll)
            self._stops.append(stop)
            context = self._context(process, poll)
            try:
                Runner(context, self._consumer(context), stop).run()
            except Died:
                self.runner_crashes += 1
            self._polls.remove(poll)
            self._stops.remove(stop)
            self._scheduler.sleep(RESTART_SECONDS)

    def _start(self, process: Process) -> Handle:
        return self._handle(self._context(process, self._sqs(process)))

    def _start_large(self, process: Process) -> Handle:
        context = self._context(process, self._sqs(process))
        return self._handle(replace(context, settings=larger(context.settings)))

    def _sqs(self, process: Process) -> FakeClient:
        return FakeClient(process, self._network, "sqs", self._services.queues)

    def _handle(self, context: WorkerContext) -> Handle:
        consumer = self._consumer(context)
        return lambda event, environment: answer(event, environment, lambda: consumer)

    def _context(self, process: Process, sqs: FakeClient) -> WorkerContext:
        services, network = self._services, self._network
        s3 = cast("Any", FakeClient(process, network, "s3", services.buckets))
        dynamodb = cast("Any", FakeClient(process, network, "dynamodb", services.tables))
        sns = cast("Any", FakeClient(process, network, "sns", services.topics))
        unbounded = Calls(POLICY.calls, Deadline.never(process), sleep=process.sleep)
        calls = unbounded.within(Deadline.passed(process))
        return WorkerContext(
            settings=self.settings,
            policy=POLICY,
            clock=process,
            deadline=calls.deadline,
            objects=Objects(s3, calls, sources_bucket=SOURCES, variants_bucket=VARIANTS),
            ledger=Ledger(dynamodb, calls, TABLE, process),
            queues=Queues(cast("Any", sqs), unbounded),
            recipes=self.recipe_set,
            watermarks=Watermarks(),
            render_pool=FakeRenderPool(process),
            uploads=InlineExecutor(),
            upload_pace=UploadPace(process, process.sleep),
            prefetch_slots=BoundedSemaphore(3),
            topic=Topic(sns, calls, TOPIC_ARN),
            sleep=process.sleep,
        )

    def _consumer(self, context: WorkerContext) -> Consumer:
        return Consumer(context, pool=lambda name: InlineExecutor())
