"""Waits for what other processes do: by looking again until a deadline, never by a fixed pause."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

# Generous: it is spent only by tests that are about to fail.
WAIT_SECONDS = 45.0
LOOK_AGAIN_SECONDS = 0.05


class NeverHappened(AssertionError):
    """What a test waited for did not come."""


def wait_for(
    what: str, look: Callable[[], Answer | None], *, seconds: float = WAIT_SECONDS
) -> Answer:
    """Return the first answer that is not empty; `NeverHappened` with `what` after the time."""
    give_up_at = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > give_up_at:
            raise NeverHappened(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(LOOK_AGAIN_SECONDS)
    return answer
