"""Processes one key from beginning to end; nothing that happens to it touches another key."""

import structlog

from shared.model.errors import Failure, Unknown
from worker import due_purge
from worker.circuit_breaker import STAGE
from worker.claiming import RunAlone
from worker.context import WorkerContext
from worker.reconcile import reconcile
from worker.record_log import RecordLog, failure_fields
from worker.result import KeyResult, RecordOutcome
from worker.work import Work

log = structlog.get_logger()


def process_work(
    work: Work, context: WorkerContext, *, is_alone: bool = False
) -> RecordOutcome | RunAlone:
    """Return how the work on one key ended, or that it must run when nothing else does.

    Never raises. `context` must be within a deadline.
    """
    record_log = RecordLog(work, context.clock)
    result = _reconciled(work, context, record_log, is_alone=is_alone)
    if isinstance(result, RunAlone):
        return result
    # Before the announcement: a topic that is down is no reason to stop rendering.
    context.circuit_breaker.note(result.outcome)
    # A stopped batch writes one line, not one for each record that was held back.
    if not is_held_back(result.outcome):
        record_log.log_outcome(result)
    return _purged(result, context, record_log) or _announced(result, context, record_log)


def is_held_back(outcome: RecordOutcome) -> bool:
    """Return whether the circuit breaker kept a record from being processed to its end."""
    return isinstance(outcome, Failure) and outcome.stage == STAGE


def _reconciled(
    work: Work, context: WorkerContext, record_log: RecordLog, *, is_alone: bool
) -> KeyResult | RunAlone:
    try:
        context.circuit_breaker.check()
        return reconcile(work, context, record_log, is_alone=is_alone)
    except RunAlone as waiting:
        return waiting
    except Failure as failure:
        return KeyResult(failure)
    # The claim is left to expire, because calls may still be under way.
    except Exception as error:
        log.exception("image failed unexpectedly", **record_log.fields())
        return KeyResult(Unknown(f"{type(error).__name__}: {error}"))


def _purged(result: KeyResult, context: WorkerContext, record_log: RecordLog) -> Failure | None:
    """Send the purge that a result makes due; return why it could not be sent.

    After such a failure the message is delivered again. The worker then finds the purge due, and
    the key finished.
    """
    try:
        due_purge.send_due_purge(record_log.work.key, result.purge_due, context)
    except Failure as failure:
        fields = {**record_log.fields(), **failure_fields(failure), "purge_failures": 1}
        log.warning("purge not sent", **fields)
        return _with_rejection(failure, result.outcome)
    except Exception as error:
        log.exception("purge not sent", **record_log.fields(), purge_failures=1)
        return Unknown(f"{type(error).__name__}: {error}", stage=due_purge.STAGE)
    return None


def _announced(result: KeyResult, context: WorkerContext, record_log: RecordLog) -> RecordOutcome:
    """Return the outcome once it is published to the topic, or why it could not be.

    After such a failure the message is delivered again. The worker then finds the key finished and
    only publishes the event again.
    """
    if result.change is None or context.topic is None:
        return result.outcome
    try:
        context.topic.publish(result.completion(record_log.work, context.objects.sources_bucket))
    except Failure as failure:
        log.warning("change not announced", **record_log.fields(), **failure_fields(failure))
        return _with_rejection(failure, result.outcome)
    except Exception as error:
        log.exception("change not announced", **record_log.fields())
        return Unknown(f"{type(error).__name__}: {error}", stage="announce")
    return result.outcome


def _with_rejection(failure: Failure, outcome: RecordOutcome) -> Failure:
    """Return the failure of what follows a rejection; its detail includes the rejection."""
    if not isinstance(outcome, Failure):
        return failure
    detail = f"{failure.detail} The rejection before it: {outcome}"
    return type(failure)(detail, stage=failure.stage)
