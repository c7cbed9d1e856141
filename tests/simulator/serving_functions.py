"""The real renderer and the real purge function in simulated processes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from shared.cloud.calls import Calls
from shared.cloud.invalidations import Invalidations
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.model.recipe import RecipeSet
from shared.settings import Settings
from tests.simulator.calls import FakeClient, Network
from tests.simulator.functions import Configuration, Function, Handle, Processes
from tests.simulator.render_pool import FakeRenderPool
from tests.simulator.scheduler import Process
from tests.simulator.services import (
    DISTRIBUTION,
    PURGE,
    SERVING,
    SOURCES,
    TABLE,
    VARIANTS,
    Services,
)
from tests.simulator.tape import Tape
from worker.purge.handler import answer as purge_answer
from worker.purge.policy import POLICY as PURGE_POLICY
from worker.purge.purger import Purger
from worker.purge.settings import PurgeSettings
from worker.renderer.context import RendererContext
from worker.renderer.handler import respond
from worker.renderer.policy import POLICY as RENDERER_POLICY

# As Terraform has them, but for the renderer's concurrency: with ten, none would be refused.
RENDERER = Configuration("renderer", invocation_seconds=25.0, concurrency=3)
PURGER = Configuration("purge", invocation_seconds=30.0, concurrency=1)
PURGE_SETTINGS = PurgeSettings(
    fleet="photos",
    distribution_id=DISTRIBUTION,
    queue=PURGE,
    serving_table=SERVING,
    monthly_paths=1_000,
    log_format="json",
)


@dataclass(frozen=True, slots=True)
class ServingFunctions:
    """Builds both functions; `recipe_set` returns the recipes that are deployed."""

    services: Services
    network: Network
    settings: Settings
    recipe_set: Callable[[], RecipeSet]

    def renderer(self, processes: Processes, tape: Tape) -> Function:
        """Return the renderer's function."""
        return Function(RENDERER, self._start_renderer, processes, tape)

    def purger(self, processes: Processes, tape: Tape) -> Function:
        """Return the purge function."""
        return Function(PURGER, self._start_purger, processes, tape)

    def _start_renderer(self, process: Process) -> Handle:
        process.limits = RENDERER_POLICY.calls
        context = self._renderer_context(process)
        return lambda event, environment: respond(event, environment, lambda: context)

    def _renderer_context(self, process: Process) -> RendererContext:
        unbounded = Calls(RENDERER_POLICY.calls, Deadline.never(process), sleep=process.sleep)
        calls = unbounded.within(Deadline.passed(process))
        dynamodb = self._client(process, "dynamodb", self.services.tables)
        serving_calls = replace(calls, limits=RENDERER_POLICY.serving_calls)
        return RendererContext(
            settings=self.settings,
            policy=RENDERER_POLICY,
            clock=process,
            deadline=calls.deadline,
            objects=Objects(
                self._client(process, "s3", self.services.buckets),
                calls,
                sources_bucket=SOURCES,
                variants_bucket=VARIANTS,
            ),
            ledger=Ledger(dynamodb, calls, TABLE, process),
            serving=Serving(dynamodb, serving_calls, SERVING, process),
            recipes=self.recipe_set(),
            watermarks=Watermarks(),
            render_pool=FakeRenderPool(process),
            sleep=process.sleep,
        )

    def _start_purger(self, process: Process) -> Handle:
        process.limits = PURGE_POLICY.calls
        calls = Calls(PURGE_POLICY.calls, Deadline.never(process), sleep=process.sleep)
        cloudfront = self._client(process, "cloudfront", self.services.cloudfront)
        dynamodb = self._client(process, "dynamodb", self.services.tables)
        purger = Purger(
            settings=PURGE_SETTINGS,
            clock=process,
            invalidations=Invalidations(cloudfront, calls, DISTRIBUTION),
            serving=Serving(dynamodb, calls, SERVING, process),
            queues=Queues(self._client(process, "sqs", self.services.queues), calls),
        )
        return lambda event, environment: purge_answer(event, environment, lambda: purger)

    def _client(self, process: Process, service: str, fake: object) -> Any:  # noqa: ANN401 - boto3's
        return cast("Any", FakeClient(process, self.network, service, fake))
