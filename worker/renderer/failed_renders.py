"""Remembers failed renders for a minute: a picture that kills its child is not tried each time."""

from contextlib import suppress

from shared.model.errors import Failure, Permanent
from worker.renderer.context import RendererContext
from worker.renderer.observed import Ended
from worker.renderer.request_log import Answered
from worker.renderer.response import missing, unavailable

PERMANENT_CAUSES = frozenset(kind.cause.value for kind in Permanent.__subclasses__())


def remember(stored_key: str, version: str, failure: Failure, context: RendererContext) -> None:
    """Remember a failed render; the answer does not depend on whether that succeeds."""
    with suppress(Failure):
        context.serving.remember_failure(
            stored_key,
            version,
            failure.cause.value,
            failure.detail,
            context.policy.remembers_failure_seconds,
        )


def raise_remembered(stored_key: str, version: str, context: RendererContext) -> None:
    """Raise `Ended` if this version of an object could not be rendered a moment ago."""
    failed = None
    with suppress(Failure):  # without the table, a picture is tried each time
        failed = context.serving.failure(stored_key, version)
    if failed is None:
        return
    if failed.cause in PERMANENT_CAUSES:
        raise Ended(missing(failed.cause), Answered.REJECTED)
    raise Ended(unavailable(failed.cause), Answered.UNAVAILABLE)
