"""A scheduler of pytest-xdist with two lanes; only a run with several workers imports it."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.support.xdist_lanes import SPLIT, WAITING_FOLDER, WAITING_WORKERS, file_of


class TwoLanes(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no type hints
    """Hands out whole files, so that what a module sets up is set up once.

    The last workers begin with what waits, the others with what computes; a worker whose lane is
    empty takes from the other one.
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
