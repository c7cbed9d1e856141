"""POST /v1/purge: evicts cached answers about images from CloudFront."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from shared.cloud.message_batches import OutgoingMessage
from shared.events import purge
from worker.api.calls import Call, Reply
from worker.api.fields import Key
from worker.api.keys import accepted_key
from worker.api.problems import NotConfigured, Unavailable

MAX_KEYS = 100
# After a deletion the worker's own purges come first; this one is for answers that were on their
# way to an edge meanwhile.
AFTER_DELETION_SECONDS = 120


class NewPurge(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which images are purged."""

    keys: Annotated[Sequence[Key], msgspec.Meta(min_length=1, max_length=MAX_KEYS)]


class Purge(msgspec.Struct, kw_only=True):
    """The keys whose purge is on its way, without repetitions."""

    keys: Sequence[Key]


def create_purge(call: Call, *, body: NewPurge) -> Reply:
    """Evict what CloudFront has cached about images.

    Replaced and deleted images are purged without being asked for. A purge takes seconds, and
    counts against the stack's monthly budget of paths, beyond which caches run out by themselves.
    """
    queue = call.context.settings.purge_queue
    if not queue:
        raise NotConfigured("Wait five minutes instead: this stack has no purge.")
    keys = [accepted_key(key, call.caller.prefix) for key in dict.fromkeys(body.keys)]
    call.note(keys=len(keys))
    messages = [OutgoingMessage(purge.write(key)) for key in keys]
    if refused := call.context.queues.send_batch(queue, messages):
        raise Unavailable(f"Repeat the request: the queue took all but {len(refused)} keys.")
    return Reply(Purge(keys=keys), 202)


def purge_after_deletion(call: Call, key: str, receipt_id: str) -> str:
    """Ask for a purge of a key that was just deleted; return the id of the message.

    The purge function writes the invalidation's id into the receipt. An empty id if the stack has
    no purge.
    """
    queue = call.context.settings.purge_queue
    if not queue:
        return ""
    return call.context.queues.send_delayed(
        queue, purge.write(key, receipt=receipt_id), delay_seconds=AFTER_DELETION_SECONDS
    )
