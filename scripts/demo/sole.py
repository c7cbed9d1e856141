"""Keeps a second demo from clearing away what the first one writes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.pixfleet.page.folder import DemoRefused


@contextmanager
def sole_writer(out: Path) -> Iterator[None]:
    """Hold a folder for the block; `DemoRefused` if another demo does.

    The lock stands beside the folder, which is emptied, and ends with the process that took it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_name(f"{out.name}.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRefused(
                f"Another demo is running and writes to {out}: wait for its end, or stop it."
            ) from None
        yield
