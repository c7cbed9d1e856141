"""In which order a batch's keys are worked on: all at once, unless something has gone wrong."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait

import structlog

from shared.deadline import Deadline
from shared.model.errors import Failure, OutOfTime
from worker.context import WorkerContext
from worker.reconcile import RunAlone
from worker.record import RecordOutcome, is_held_back, process_work
from worker.record_log import failure_fields
from worker.work import Work

log = structlog.get_logger()


def process_all(
    works: Sequence[Work], context: WorkerContext, threads: Executor, deadline: Deadline
) -> Mapping[str, RecordOutcome]:
    """Return how each key ended; each has a thread to itself, and touches no other.

    After a batch that was stopped scouts go ahead, until one tells how things are. What is
    dangerous comes last, each by itself, so that the worker dies over nothing else with it.
    """

    def at_once(
        group: Sequence[Work], *, is_alone: bool = False
    ) -> dict[Work, RecordOutcome | RunAlone]:
        futures = {
            work: threads.submit(process_work, work, context, deadline, is_alone=is_alone)
            for work in group
        }
        wait(futures.values(), timeout=deadline.remaining_seconds())
        return {work: _outcome(work, future) for work, future in futures.items()}

    def probe(group: Sequence[Work], *, is_alone: bool = False) -> Sequence[Work]:
        """Send one after the other ahead while the brake is on; return who is left."""
        while group and context.circuit_breaker.reason:
            context.circuit_breaker.half_open()
            outcomes.update(at_once(group[:1], is_alone=is_alone))
            group = group[1:]
            if not context.circuit_breaker.is_half_open:
                break
            context.circuit_breaker.trip()
        return group

    outcomes: dict[Work, RecordOutcome | RunAlone] = {}
    # Whoever has the fewest receives left goes first, or it might never have its turn.
    outcomes |= at_once(probe(sorted(works, key=lambda work: -work.receives)))
    # The fewest deaths first: those that died beside a killer are done before it comes.
    crashed_attempts = {
        work: each.crashed_attempts
        for work, each in outcomes.items()
        if isinstance(each, RunAlone)
    }
    for work in probe(sorted(crashed_attempts, key=crashed_attempts.__getitem__), is_alone=True):
        outcomes |= at_once([work], is_alone=True)
    ended = {work.key: each for work, each in outcomes.items() if not isinstance(each, RunAlone)}
    _log_stopped_batch(tuple(ended.values()))
    return ended


def _outcome(work: Work, future: Future[RecordOutcome | RunAlone]) -> RecordOutcome | RunAlone:
    """Return how a key ended, or that it was too late for that."""
    if future.done() and not future.cancelled():
        return future.result()
    future.cancel()
    late = OutOfTime("The invocation ended before the record.", stage="batch")
    log.warning("image put off", key=work.key, lane=work.lane, **failure_fields(late))
    return late


def _log_stopped_batch(outcomes: Sequence[RecordOutcome]) -> None:
    held_back = [each for each in outcomes if isinstance(each, Failure) and is_held_back(each)]
    if held_back:
        fields = {**failure_fields(held_back[0]), "failures": len(held_back)}
        log.error("batch stopped", held_back=len(held_back), batches_stopped=1, **fields)
