"""One piece of work, from its beginning to its one log line; what happens to it stays in it."""

import structlog

from shared.cloud.clients import CALL_SECONDS
from shared.deadline import Deadline
from shared.model.errors import Failure, Unknown
from shared.model.outcome import Outcome
from worker.circuit_breaker import STAGE
from worker.context import WorkerContext
from worker.reconcile import RunAlone, reconcile
from worker.record_log import RecordLog, failure_fields
from worker.work import Work

log = structlog.get_logger()

RecordOutcome = Outcome | Failure


def process_work(
    work: Work, context: WorkerContext, deadline: Deadline, *, is_alone: bool = False
) -> RecordOutcome | RunAlone:
    """Return how the work on one key ended, or that it has to wait until nothing else is done.

    Never raises: nothing that happens to one record may touch another.
    """
    record_log = RecordLog(work, context.clock)
    outcome = _reconciled(work, context, deadline, record_log, is_alone=is_alone)
    if isinstance(outcome, RunAlone):
        return outcome
    # Before it is announced: that a topic is down is no reason to render nothing.
    context.circuit_breaker.note(outcome)
    # A batch that stops says so once, and not for each record that was held back.
    if not is_held_back(outcome):
        record_log.log_outcome(outcome)
    return _announced(outcome, context, deadline, record_log)


def is_held_back(outcome: RecordOutcome) -> bool:
    """Say whether a record was not tried to its end, because of the brake."""
    return isinstance(outcome, Failure) and outcome.stage == STAGE


def _reconciled(
    work: Work,
    context: WorkerContext,
    deadline: Deadline,
    record_log: RecordLog,
    *,
    is_alone: bool,
) -> RecordOutcome | RunAlone:
    try:
        context.circuit_breaker.check()
        return reconcile(work, context, deadline, record_log, is_alone=is_alone)
    except (Failure, RunAlone) as outcome:
        return outcome
    # The claim is left to run out, as nobody knows what is still under way.
    except Exception as error:
        log.exception("image failed unexpectedly", **record_log.fields())
        return Unknown(f"{type(error).__name__}: {error}")


def _announced(
    outcome: RecordOutcome, context: WorkerContext, deadline: Deadline, record_log: RecordLog
) -> RecordOutcome:
    """Return the ending once subscribers know of it, or why they could not be told.

    Then the record comes back, finds its work done, and announces it again.
    """
    if record_log.change is None or context.topic is None:
        return outcome
    try:
        deadline.require(CALL_SECONDS, "announce")
        context.topic.publish(record_log.completion(outcome, context.objects.sources_bucket))
    except Failure as failure:
        log.warning("change not announced", **record_log.fields(), **failure_fields(failure))
        return _after(outcome, failure)
    except Exception as error:
        log.exception("change not announced", **record_log.fields())
        return Unknown(f"{type(error).__name__}: {error}", stage="announce")
    return outcome


def _after(outcome: RecordOutcome, trouble: Failure) -> Failure:
    """Return the trouble of an announcement, with the failure that it was to announce."""
    if not isinstance(outcome, Failure):
        return trouble
    detail = f"{trouble.detail} To be announced was a rejection, {outcome}"
    return type(trouble)(detail, stage=trouble.stage)
