"""One piece of work, from its beginning to its one log line; what happens to it stays in it."""

import structlog

from shared.cloud.clients import CALL_SECONDS
from shared.deadline import Deadline
from shared.model.errors import Failure, Unknown
from shared.model.outcome import Outcome
from worker.circuit_breaker import STAGE
from worker.context import Fleet
from worker.reconcile import Dangerous, reconcile
from worker.record_log import Story, failure_fields
from worker.work import Work

log = structlog.get_logger()

Ending = Outcome | Failure


def attend(
    work: Work, fleet: Fleet, deadline: Deadline, *, is_alone: bool = False
) -> Ending | Dangerous:
    """Return how the work on one key ended, or that it has to wait until nothing else is done.

    Never raises: nothing that happens to one record may touch another.
    """
    story = Story(work, fleet.clock)
    ending = _reconciled(work, fleet, deadline, story, is_alone=is_alone)
    if isinstance(ending, Dangerous):
        return ending
    # Before it is announced: that a topic is down is no reason to render nothing.
    fleet.brake.note(ending)
    # A batch that stops says so once, and not for each record that was held back.
    if not is_held_back(ending):
        story.tell(ending)
    return _announced(ending, fleet, deadline, story)


def is_held_back(ending: Ending) -> bool:
    """Say whether a record was not tried to its end, because of the brake."""
    return isinstance(ending, Failure) and ending.stage == STAGE


def _reconciled(
    work: Work, fleet: Fleet, deadline: Deadline, story: Story, *, is_alone: bool
) -> Ending | Dangerous:
    try:
        fleet.brake.check()
        return reconcile(work, fleet, deadline, story, is_alone=is_alone)
    except (Failure, Dangerous) as ending:
        return ending
    # The claim is left to run out, as nobody knows what is still under way.
    except Exception as error:
        log.exception("image failed unexpectedly", **story.fields())
        return Unknown(f"{type(error).__name__}: {error}")


def _announced(ending: Ending, fleet: Fleet, deadline: Deadline, story: Story) -> Ending:
    """Return the ending once subscribers know of it, or why they could not be told.

    Then the record comes back, finds its work done, and announces it again.
    """
    if story.change is None or fleet.topic is None:
        return ending
    try:
        deadline.require(CALL_SECONDS, "announce")
        fleet.topic.publish(story.completion(ending, fleet.objects.sources_bucket))
    except Failure as failure:
        log.warning("change not announced", **story.fields(), **failure_fields(failure))
        return _after(ending, failure)
    except Exception as error:
        log.exception("change not announced", **story.fields())
        return Unknown(f"{type(error).__name__}: {error}", stage="announce")
    return ending


def _after(ending: Ending, trouble: Failure) -> Failure:
    """Return the trouble of an announcement, with the failure that it was to announce."""
    if isinstance(ending, Failure):
        trouble.detail = f"{trouble.detail} To be announced was a rejection, {ending}"
    return trouble
