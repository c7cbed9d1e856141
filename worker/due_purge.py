"""Sends what CloudFront has to evict of a key to the purge queue.

The write that ends a removal or a rejection makes a purge due. The same worker sends it before it
acknowledges its message. If it crashed before, the next worker that reads the entry sends it. So
no purge is lost, and one may be sent twice, which does no harm.
"""

from shared.cloud.claims import Claim
from shared.cloud.finish import PURGE_DUE_SECONDS
from shared.events import purge
from worker.context import WorkerContext

STAGE = "purge"


def makes_purge_due(claim: Claim, context: WorkerContext) -> bool:
    """Return whether the end of a claim on a removed source makes a purge due."""
    return bool(context.settings.purge_queue) and claim.entry.may_be_cached


def send_due_purge(
    key: str, due: float, context: WorkerContext, *, spare_seconds: float = 0.0
) -> None:
    """Send the purge of a key that is due since a time, if any, and note that in the ledger.

    Raises a `Failure` if that is not certain, or if it could leave less than `spare_seconds` of
    the time: the purge then stays due.
    """
    if not due:
        return
    queue = context.settings.purge_queue
    if queue and due > context.clock.now() - PURGE_DUE_SECONDS:
        context.deadline.require(spare_seconds + 2 * context.policy.calls.call_seconds, STAGE)
        context.queues.send(queue, purge.write(key), {})
        context.queues.send_delayed(queue, purge.write(key), delay_seconds=purge.AGAIN_SECONDS)
    context.ledger.clear_purge_due(key, due)
