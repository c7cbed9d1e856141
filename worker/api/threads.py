"""Runs the calls of AWS for several keys at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_at_once(
    function: Callable[[Item], Result], items: Sequence[Item], *, most: int
) -> list[Result]:
    """Return the function's result for each item, from up to `most` threads.

    Their log lines have the request's id, because each thread works in the caller's context.
    """
    with ThreadPoolExecutor(most) as threads:
        futures = [threads.submit(copy_context().run, function, each) for each in items]
        return [each.result() for each in futures]
