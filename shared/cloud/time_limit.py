"""The moment by which the network operations of a thread's current call must have ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

from shared.deadline import Deadline

_limit: ContextVar[Deadline | None] = ContextVar("time_limit", default=None)


@contextmanager
def time_limit(deadline: Deadline) -> Iterator[None]:
    """Limit the network operations in the block; an outer limit does not apply inside it."""
    token = _limit.set(deadline)
    try:
        yield
    finally:
        _limit.reset(token)


def seconds_left() -> float:
    """Return how long an operation may take that begins now; infinity without a limit.

    Raises `TimeoutError` if no time is left.
    """
    limit = _limit.get()
    if limit is None:
        return inf
    left = limit.remaining_seconds()
    if not left:
        raise TimeoutError("Expected the call to end within its limit.")
    return left
