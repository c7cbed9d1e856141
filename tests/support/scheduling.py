"""A scheduler for pytest-xdist with two lanes; only runs with several workers import it."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.support.xdist_lanes import SPLIT, WAITING_FOLDER, WAITING_WORKERS, file_of


class TwoLanes(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no type hints
    """Assigns whole files to workers, so that the fixtures of a module are set up once.

    The last workers begin with the tests that wait (e2e), the others with those that compute. A
    worker whose lane is empty takes files of the other lane.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return nodeid if file in SPLIT else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        waits = _number(node) >= max(1, self.numnodes - WAITING_WORKERS)
        own = (scope for scope in self.workqueue if scope.startswith(WAITING_FOLDER) == waits)
        first = next(own, None)
        if first is not None:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def two_lanes(config: pytest.Config, log: Producer) -> TwoLanes:
    """Return the scheduler; it keeps the order in which the tests were collected."""
    config.option.loadscopereorder = False
    return TwoLanes(config, log)


def _number(node: WorkerController) -> int:
    """Return 0 for the first worker, which is called gw0."""
    return int(node.gateway.id.removeprefix("gw"))
