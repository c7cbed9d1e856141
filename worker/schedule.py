"""Processes the keys of a batch: all at the same time, unless earlier work failed or crashed."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait

import structlog

from shared.model.errors import Failure, OutOfTime
from worker.claiming import RunAlone
from worker.context import WorkerContext
from worker.record import is_held_back, process_work
from worker.record_log import failure_fields
from worker.result import RecordOutcome
from worker.work import Work

log = structlog.get_logger()


def process_all(
    works: Sequence[Work], context: WorkerContext, threads: Executor
) -> Mapping[str, RecordOutcome]:
    """Return how each key ended; each has its own thread. `context` must be within a deadline.

    While the circuit breaker is open, keys are sent one at a time as probes, until one succeeds or
    fails. Keys that must run alone come last, so that a crash of the worker costs no other key.
    """

    def at_once(
        group: Sequence[Work], *, is_alone: bool = False
    ) -> dict[Work, RecordOutcome | RunAlone]:
        futures = {
            work: threads.submit(process_work, work, context, is_alone=is_alone) for work in group
        }
        wait(futures.values(), timeout=context.deadline.remaining_seconds())
        return {work: _outcome(work, future) for work, future in futures.items()}

    def probe(group: Sequence[Work], *, is_alone: bool = False) -> Sequence[Work]:
        """Process one key after the other while the circuit breaker is open; return the rest."""
        while group and context.circuit_breaker.reason:
            context.circuit_breaker.half_open()
            outcomes.update(at_once(group[:1], is_alone=is_alone))
            group = group[1:]
            if not context.circuit_breaker.is_half_open:
                break
            context.circuit_breaker.trip()
        return group

    outcomes: dict[Work, RecordOutcome | RunAlone] = {}
    # Keys with the fewest receives left go first, or they might never be processed.
    outcomes |= at_once(probe(sorted(works, key=lambda work: -work.receives)))
    # Keys that only shared a batch with a poison image crashed less often: they run first.
    crashed = {
        work: each.crashed_attempts
        for work, each in outcomes.items()
        if isinstance(each, RunAlone)
    }
    for work in probe(sorted(crashed, key=crashed.__getitem__), is_alone=True):
        outcomes |= at_once([work], is_alone=True)
    ended = {work.key: each for work, each in outcomes.items() if not isinstance(each, RunAlone)}
    _log_stopped_batch(tuple(ended.values()))
    return ended


def _outcome(work: Work, future: Future[RecordOutcome | RunAlone]) -> RecordOutcome | RunAlone:
    """Return how a key ended; `OutOfTime` if it has not ended by now."""
    if future.done() and not future.cancelled():
        return future.result()
    future.cancel()
    late = OutOfTime("The invocation ended before the record.", stage="batch")
    log.warning("image delayed", key=work.key, lane=work.lane, **failure_fields(late))
    return late


def _log_stopped_batch(outcomes: Sequence[RecordOutcome]) -> None:
    held_back = [each for each in outcomes if isinstance(each, Failure) and is_held_back(each)]
    if held_back:
        fields = {**failure_fields(held_back[0]), "failures": len(held_back)}
        log.error("batch stopped", held_back=len(held_back), batches_stopped=1, **fields)
