"""Logs once in a worker's life what its render children are locked by, and what they lack."""

import structlog

from shared.imaging.child_protocol import ReadyFrame
from shared.imaging.sandbox.lock import Lock

log = structlog.get_logger()


def log_ready(ready: ReadyFrame) -> None:
    """Log the locks in force and those that the kernel refused; a warning if there are any.

    A second warning if the children cannot walk the scans of JPEGs.
    """
    missing = [lock.value for lock in Lock if lock not in ready.locks]
    write = log.warning if missing else log.info
    locks = [lock.value for lock in ready.locks]
    write("render children locked", locks=locks, locks_missing=missing)
    if not ready.walks_jpegs:
        log.warning("damaged JPEGs not found", missing="shared/imaging/native")
