"""Lets one of several simultaneous requests make an object, while the others wait for it.

The locks are advisory: they save work, and only the ledger decides whether an object is stored.
So an object is made even if the table does not answer.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from shared.cloud.serving import ServingLock
from shared.cloud.stored_objects import StoredFile
from shared.model.errors import Failure, OutOfTime, Outside, Throttled, Unknown
from worker.renderer.context import RendererContext

UNPUBLISHED = "unpublished"
# Places tried before a request is refused, in random order.
MOST_TRIES = 8
NO_LOCK = ServingLock("", "", 0.0)
# Without an answer of the table, the object is made as if no other request made it.
NO_ANSWER = (Outside, Unknown, OutOfTime)


def lock_or_object(
    stored_key: str, look: Callable[[], StoredFile | None], context: RendererContext
) -> ServingLock | StoredFile:
    """Return the lock to make an object, or the object once another request has stored it.

    `look` returns the object if it is stored, and raises a failure that is remembered. Raises
    `OutOfTime` if neither comes in time.
    """
    looked_at, policy = context.clock.now(), context.policy
    while True:
        lock = _take(stored_key, context)
        if lock is not None:
            # The one before may have stored the object since this request has looked.
            if lock.follows < looked_at - policy.clock_skew_seconds:
                return lock
            return _stored_before(lock, look, context) or lock
        _wait(stored_key, context)
        looked_at = context.clock.now()
        if stored := look():
            return stored


def _stored_before(
    lock: ServingLock, look: Callable[[], StoredFile | None], context: RendererContext
) -> StoredFile | None:
    """Return what the holder before has stored, and release this lock then."""
    stored, is_over = None, True
    try:
        stored = look()
        is_over = stored is not None
        return stored
    finally:
        if is_over:
            end(lock, context)


def end(lock: ServingLock, context: RendererContext) -> None:
    """Release a lock; it expires by itself if this fails."""
    if lock is not NO_LOCK:
        with suppress(Failure):
            context.serving.release_lock(lock)


@contextmanager
def unpublished_place(context: RendererContext) -> Iterator[None]:
    """Hold one of the places for renders that cannot be stored; `Throttled` if all are taken.

    All renderers together have `PIXFLEET_UNPUBLISHED_RENDERS` places, whose leases are in the
    table: a function serves one request at a time, and shares no memory with the others. The lease
    of a function that died expires. No request waits for a place, because a waiting request takes
    concurrency, too.
    """
    place = _take_place(context)
    try:
        yield
    finally:
        end(place, context)


def _take_place(context: RendererContext) -> ServingLock:
    numbers = list(range(context.settings.unpublished_renders))
    for _ in range(min(MOST_TRIES, len(numbers))):
        number = numbers.pop(int(context.chance() * len(numbers)))
        seconds = context.deadline.remaining_seconds()
        if place := context.serving.take_place(UNPUBLISHED, number, seconds):
            return place
    raise Throttled(
        "Expected a place to render a picture that is not published, got none.", stage="render"
    )


def _take(stored_key: str, context: RendererContext) -> ServingLock | None:
    try:
        return context.serving.take_lock(stored_key, context.policy.longest_render_seconds)
    except NO_ANSWER:
        return NO_LOCK


def _wait(stored_key: str, context: RendererContext) -> None:
    """Wait until no renderer has the lock."""
    policy, is_taken = context.policy, True
    while is_taken:
        context.deadline.require(policy.calls.call_seconds + policy.poll_seconds, "wait")
        context.sleep(policy.poll_seconds)
        try:
            is_taken = context.serving.is_locked(stored_key)
        except NO_ANSWER:
            is_taken = False
