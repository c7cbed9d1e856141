"""Stores one object under a serving claim, which excludes commits, removals and other stores."""

from collections.abc import Callable
from contextlib import suppress

import structlog

from shared.cloud.claims import Claim
from shared.cloud.errors import ConditionRefused
from shared.cloud.serving_claims import ServingClaims
from shared.model.entry import Entry
from shared.model.errors import Failure, Outside, Unknown
from worker.renderer.context import RendererContext
from worker.renderer.request import Asked
from worker.renderer.request_log import RequestLog

log = structlog.get_logger()


def store(
    asked: Asked,
    entry: Entry,
    write: Callable[[], None],
    context: RendererContext,
    request_log: RequestLog,
) -> bool:
    """Store an object of a published entry by one write; return whether it is stored.

    `entry` is what was read before the object was made. Whatever fails here, the answer to the
    request does not depend on it.
    """
    try:
        # A claim without time to store would only keep workers from the key.
        context.deadline.require(context.policy.storing_seconds, "claim")
        claim = _claim(asked, entry, context)
        _write(claim, write, context)
    except Failure as failure:
        request_log.not_stored = str(failure)
    else:
        request_log.is_stored = True
    finally:
        request_log.add_timing("store")
    return request_log.is_stored


def _claim(asked: Asked, entry: Entry, context: RendererContext) -> Claim:
    left_seconds = context.deadline.remaining_seconds()
    return ServingClaims(context.ledger).claim(
        asked.source_key,
        asked.name,
        entry=entry,
        # No write of this invocation comes later, whatever becomes of its answer.
        lease_seconds=left_seconds + context.policy.clock_skew_seconds,
        # An eager name that was lost is listed already.
        records_name=asked.name not in entry.stored,
    )


def _write(claim: Claim, write: Callable[[], None], context: RendererContext) -> None:
    try:
        write()
    except Failure as failure:
        # A write without an answer may still take effect: the lease has to run out by itself.
        if not isinstance(failure, Outside | Unknown):
            _release(claim, context)
        raise
    _release(claim, context)


def _release(claim: Claim, context: RendererContext) -> None:
    # If this fails the lease runs out.
    with suppress(Failure, ConditionRefused):
        if ServingClaims(context.ledger).release(claim):
            _look_again(claim.key, context)


def _look_again(key: str, context: RendererContext) -> None:
    """Have a worker make a key again for which this renderer may have stored too late.

    On Lambda an invocation is ended before its lease. In a process that stood still, such as on
    a virtual machine that was suspended, nothing else would tell a worker: the event of the
    version that is published has been processed.
    """
    log.warning("object stored too late", key=key)
    if context.look_again:
        context.look_again(key)
