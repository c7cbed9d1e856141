"""Logs once in a worker's life what its render children are locked by."""

from collections.abc import Sequence

import structlog

from shared.imaging.sandbox.lock import Lock

log = structlog.get_logger()


def log_locks(locks: Sequence[Lock]) -> None:
    """Log the locks in force and those that the kernel refused; a warning if there are any."""
    missing = [lock.value for lock in Lock if lock not in locks]
    write = log.warning if missing else log.info
    write("render children locked", locks=[lock.value for lock in locks], locks_missing=missing)
