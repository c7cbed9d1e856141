"""Lets one of several simultaneous requests make an object, while the others wait for it.

The turns are soft: they save work, and whether an object is stored is decided by the ledger only.
So a table that does not answer does not keep an object from being made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from shared.cloud.serving import Turn
from shared.cloud.stored_objects import StoredFile
from shared.model.errors import Failure, OutOfTime, Outside, Throttled, Unknown
from worker.renderer.context import RendererContext

UNPUBLISHED = "unpublished"
# Places tried before a request is refused, in random order.
MOST_TRIES = 8
NO_TURN = Turn("", "", 0.0)
# Without an answer of the table, the object is made as if nobody else made it.
NO_ANSWER = (Outside, Unknown, OutOfTime)


def turn_or_object(
    stored_key: str, look: Callable[[], StoredFile | None], context: RendererContext
) -> Turn | StoredFile:
    """Return the turn to make an object, or the object once another request has stored it.

    `look` returns the object if it is stored, and raises a failure that is remembered. Raises
    `OutOfTime` if neither comes in time.
    """
    looked_at, policy = context.clock.now(), context.policy
    while True:
        turn = _take(stored_key, context)
        if turn is not None:
            # The one before may have stored the object since this request has looked.
            if turn.follows < looked_at - policy.clock_skew_seconds:
                return turn
            return _stored_before(turn, look, context) or turn
        _wait(stored_key, context)
        looked_at = context.clock.now()
        if stored := look():
            return stored


def _stored_before(
    turn: Turn, look: Callable[[], StoredFile | None], context: RendererContext
) -> StoredFile | None:
    """Return what the turn before has stored; then this turn is given back."""
    stored, is_over = None, True
    try:
        stored = look()
        is_over = stored is not None
        return stored
    finally:
        if is_over:
            end(turn, context)


def end(turn: Turn, context: RendererContext) -> None:
    """Give a turn back; it ends by itself if this fails."""
    if turn is not NO_TURN:
        with suppress(Failure):
            context.serving.end_turn(turn)


@contextmanager
def unpublished_place(context: RendererContext) -> Iterator[None]:
    """Hold one of the places for renders that cannot be stored; `Throttled` if all are taken.

    All renderers together have `PIXFLEET_UNPUBLISHED_RENDERS` places, whose leases are in the
    table: a function serves one request at a time, and knows nothing of the others. The lease of a
    function that died runs out. No request waits for a place: a waiting request takes concurrency,
    too.
    """
    place = _take_place(context)
    try:
        yield
    finally:
        end(place, context)


def _take_place(context: RendererContext) -> Turn:
    numbers = list(range(context.settings.unpublished_renders))
    for _ in range(min(MOST_TRIES, len(numbers))):
        number = numbers.pop(int(context.chance() * len(numbers)))
        seconds = context.deadline.remaining_seconds()
        if place := context.serving.take_place(UNPUBLISHED, number, seconds):
            return place
    raise Throttled(
        "Expected a place to render a picture that is not published, got none.", stage="render"
    )


def _take(stored_key: str, context: RendererContext) -> Turn | None:
    try:
        return context.serving.take_turn(stored_key, context.policy.longest_render_seconds)
    except NO_ANSWER:
        return NO_TURN


def _wait(stored_key: str, context: RendererContext) -> None:
    """Wait until nobody has the turn."""
    policy, is_taken = context.policy, True
    while is_taken:
        context.deadline.require(policy.calls.call_seconds + policy.poll_seconds, "wait")
        context.sleep(policy.poll_seconds)
        try:
            is_taken = context.serving.has_turn(stored_key)
        except NO_ANSWER:
            is_taken = False
