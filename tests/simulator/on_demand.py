"""The renderer and the purge function of one world, and what they did."""

from collections import Counter

from shared.model.recipe import RecipeSet
from tests.simulator.calls import Network
from tests.simulator.mapping import EventSourceMapping, Lane
from tests.simulator.publications import Publications
from tests.simulator.purges import Purges
from tests.simulator.renderer_origin import RendererOrigin
from tests.simulator.services import PURGE, Services
from tests.simulator.serving_functions import ServingFunctions
from tests.simulator.source_history import SourceHistory
from tests.simulator.tape import Tape
from tests.simulator.trace import Trace
from tests.simulator.workers import Workers
from tests.support.staleness import PURGE_WINDOW_SECONDS

# As Terraform has it.
PURGE_LANE = Lane(PURGE, (1_000, 20, 1), window_seconds=PURGE_WINDOW_SECONDS)


class OnDemand:
    """Both functions beside the workers, with the recipes of the workers."""

    def __init__(
        self, services: Services, network: Network, workers: Workers, tape: Tape, trace: Trace
    ) -> None:
        self._services = services
        functions = ServingFunctions(
            services, network, workers.settings, lambda: workers.recipe_set
        )
        self.renderer = functions.renderer(workers.processes, tape)
        purger = functions.purger(workers.processes, tape)
        self.purging = EventSourceMapping(services, purger, tape, trace, PURGE_LANE)
        self.purges = Purges(services)
        network.observers.append(self.purges)
        self.origin: RendererOrigin | None = None

    def origin_for(self, history: SourceHistory, publications: Publications) -> RendererOrigin:
        """Return the renderer as an origin of an edge."""
        scheduler = self._services.scheduler
        self.origin = RendererOrigin(scheduler, self.renderer, history, publications)
        return self.origin

    def deploy(self, _: RecipeSet) -> None:
        """Use the recipes that are deployed now."""
        self.renderer.publish()

    @property
    def is_busy(self) -> bool:
        """Return whether a function runs, or a purge waits."""
        waits = bool(self._services.queues.messages(PURGE))
        return waits or bool(self.purging.running) or bool(self.renderer.running)

    @property
    def crashes(self) -> int:
        """Return how many environments were killed."""
        return self.renderer.crashes + self.purging.crashes

    @property
    def counts(self) -> Counter[str]:
        """Return how often each kind of event happened."""
        return Counter(self.origin.counts if self.origin else {}) + Counter(
            {
                "purges asked for": self.purges.count,
                "invalidations": len(self._services.cloudfront.invalidations),
            }
        )
