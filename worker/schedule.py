"""In which order a batch's keys are worked on: all at once, unless something has gone wrong."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait

import structlog

from shared.deadline import Deadline
from shared.model.errors import Failure, OutOfTime
from worker.context import Fleet
from worker.reconcile import Dangerous
from worker.record import Ending, attend, is_held_back
from worker.record_log import failure_fields
from worker.work import Work

log = structlog.get_logger()


def work_on(
    works: Sequence[Work], fleet: Fleet, threads: Executor, deadline: Deadline
) -> Mapping[str, Ending]:
    """Return how each key ended; each has a thread to itself, and touches no other.

    After a batch that was stopped scouts go ahead, until one tells how things are. What is
    dangerous comes last, each by itself, so that the worker dies over nothing else with it.
    """

    def at_once(
        group: Sequence[Work], *, is_alone: bool = False
    ) -> dict[Work, Ending | Dangerous]:
        futures = {
            work: threads.submit(attend, work, fleet, deadline, is_alone=is_alone)
            for work in group
        }
        wait(futures.values(), timeout=deadline.remaining_seconds())
        return {work: _ending(work, future) for work, future in futures.items()}

    def scouted(group: Sequence[Work], *, is_alone: bool = False) -> Sequence[Work]:
        """Send one after the other ahead while the brake is on; return who is left."""
        while group and fleet.brake.reason:
            fleet.brake.ease()
            endings.update(at_once(group[:1], is_alone=is_alone))
            group = group[1:]
            if not fleet.brake.is_undecided:
                break
            fleet.brake.tighten()
        return group

    endings: dict[Work, Ending | Dangerous] = {}
    # Whoever has the fewest receives left goes first, or it might never have its turn.
    endings |= at_once(scouted(sorted(works, key=lambda work: -work.receives)))
    # The fewest deaths first: those that died beside a killer are done before it comes.
    deaths = {work: each.deaths for work, each in endings.items() if isinstance(each, Dangerous)}
    for work in scouted(sorted(deaths, key=deaths.__getitem__), is_alone=True):
        endings |= at_once([work], is_alone=True)
    ended = {work.key: each for work, each in endings.items() if not isinstance(each, Dangerous)}
    _tell_of_brake(tuple(ended.values()))
    return ended


def _ending(work: Work, future: Future[Ending | Dangerous]) -> Ending | Dangerous:
    """Return how a key ended, or that it was too late for that."""
    if future.done() and not future.cancelled():
        return future.result()
    future.cancel()
    late = OutOfTime("The invocation ended before the record.", stage="batch")
    log.warning("image put off", key=work.key, lane=work.lane, **failure_fields(late))
    return late


def _tell_of_brake(endings: Sequence[Ending]) -> None:
    held_back = [each for each in endings if isinstance(each, Failure) and is_held_back(each)]
    if held_back:
        fields = {**failure_fields(held_back[0]), "failures": len(held_back)}
        log.error("batch stopped", held_back=len(held_back), batches_stopped=1, **fields)
