"""The dependencies of a renderer, built once per process."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.clock import Clock, SystemClock
from shared.cloud.calls import Calls
from shared.cloud.clients import build_serving_clients
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.serving import Serving
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.recipe import RecipeSet
from shared.settings import Settings
from worker.ready_children import log_ready
from worker.recipes import read_recipes
from worker.renderer.policy import POLICY, RendererPolicy


@dataclass(frozen=True, slots=True)
class RendererContext:
    """What it takes to answer a request.

    As in a worker's context, calls are made only within a deadline, which has passed until
    `within` sets one. Each request has its own budget of time for the table `serving`, which only
    saves work. `sleep` waits for some seconds, `chance` returns a number from 0 to 1. `look_again`
    has a worker process a key; on Lambda there is none.
    """

    settings: Settings
    policy: RendererPolicy
    clock: Clock
    deadline: Deadline
    objects: Objects
    ledger: Ledger
    serving: Serving
    recipes: RecipeSet
    watermarks: Watermarks
    render_pool: RenderPool
    look_again: Callable[[str], None] | None = None
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def within(self, deadline: Deadline) -> "RendererContext":
        """Return the same dependencies for an answer that must be given by the deadline."""
        return replace(
            self,
            deadline=deadline,
            objects=self.objects.within(deadline),
            ledger=self.ledger.within(deadline),
            serving=self.serving.within(
                deadline, budget_seconds=self.policy.serving_budget_seconds
            ),
        )


def build_context(
    settings: Settings,
    policy: RendererPolicy = POLICY,
    *,
    connections: int = 2,
    render_pool: RenderPool | None = None,
    look_again: Callable[[str], None] | None = None,
) -> RendererContext:
    """Return the dependencies that the settings describe.

    `connections` bounds the open sockets of each client. `render_pool` is that of a worker in the
    same process, if there is one, and `look_again` has it process a key.
    """
    clock = SystemClock()
    clients = build_serving_clients(policy.calls, connections=connections)
    calls = Calls(policy.calls, Deadline.passed(clock))
    serving_calls = replace(calls, limits=policy.serving_calls)
    objects = Objects(
        clients.s3,
        calls,
        sources_bucket=settings.sources_bucket,
        variants_bucket=settings.variants_bucket,
    )
    return RendererContext(
        settings=settings,
        policy=policy,
        clock=clock,
        deadline=calls.deadline,
        objects=objects,
        ledger=Ledger(clients.dynamodb, calls, settings.ledger_table, clock),
        serving=Serving(clients.dynamodb, serving_calls, settings.serving_table, clock),
        recipes=read_recipes(settings, objects.within(Deadline.never(clock))),
        watermarks=Watermarks(),
        render_pool=render_pool
        or RenderPool(
            settings.render_children,
            settings.limits,
            log_ready,
            images_per_child=settings.child_images,
        ),
        look_again=look_again,
    )
