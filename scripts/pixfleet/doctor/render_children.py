"""Checks what render children are locked by, here and in the workers, and that they are whole."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

from scripts.pixfleet.doctor.finding import Finding, FindingStatus, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from shared.clock import SystemClock
from shared.imaging.render_pool import RenderPool
from shared.imaging.sandbox.lock import Lock
from shared.model.errors import RenderUnavailable
from shared.model.limits import Limits

AREA = "render children"
EVENT = "render children locked"
# Every worker logs its locks when its first child is ready, and Lambda starts new ones every day.
LOG_SECONDS = 24 * 3600
# CloudWatch reads about 1 MB of log for each page, so an empty page may not be the last.
MAX_PAGES = 5
START_SECONDS = 30.0


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield the locks of a render child of this computer, and those that a worker logged.

    A kernel without a lock cannot be repaired, so a missing lock is not wrong. A child without our
    library in C is.
    """
    yield from _here()
    yield _of_a_worker(subject)


def _here() -> Iterator[Finding]:
    try:
        with (
            closing(RenderPool(1, Limits())) as render_pool,
            render_pool.child(wait_seconds=START_SECONDS) as child,
        ):
            ready = child.await_ready()
    except RenderUnavailable as problem:
        yield wrong(
            AREA,
            f"on this computer: {problem.detail}",
            "install pixfleet again: `plan`, `dlq try` and `dlq show` decode images here",
        )
        return
    yield _finding("on this computer", ready.locks)
    if not ready.walks_jpegs:
        yield wrong(
            AREA,
            "on this computer they publish damaged JPEGs: shared/imaging/native is not compiled",
            "run `make setup`: `plan` and `dlq try` may render what the workers refuse",
        )


def _of_a_worker(subject: StackUnderTest) -> Finding:
    group = subject.stack.log_group
    if not group:
        return skipped(AREA, "the workers log their locks to standard output: no log group")
    logged = _last_line(subject, group)
    if logged is None:
        return skipped(AREA, f"no worker logged its locks in the last day: {EVENT!r} in {group}")
    return _finding("in the workers", logged)


def _last_line(subject: StackUnderTest, group: str) -> Sequence[Lock] | None:
    """Return the locks of the last line that was found, or None."""
    since = SystemClock().now() - LOG_SECONDS
    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": int(since * 1000),
        "filterPattern": f'"{EVENT}"',
    }
    found: Sequence[Lock] | None = None
    for _ in range(MAX_PAGES):
        response = subject.clients.logs.filter_log_events(**request)
        for event in response.get("events", []):
            with suppress(ValueError, TypeError, KeyError):
                logged = json.loads(event["message"])["locks"]
                found = [lock for lock in Lock if lock.value in logged]
        if "nextToken" not in response:
            break
        request["nextToken"] = response["nextToken"]
    return found


def _finding(where: str, locks: Sequence[Lock]) -> Finding:
    missing = [lock for lock in Lock if lock not in locks]
    held = ", ".join(locks) or "nothing"
    if not missing:
        return Finding(AREA, f"{where} they are locked by {held}")
    what = f"{where} they are locked by {held}; the kernel refuses {', '.join(missing)}"
    return Finding(AREA, what, FindingStatus.SKIPPED)
