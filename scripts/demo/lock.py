"""Keeps a second demo from deleting the output of the first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.demo.folder import BadDemoInput


@contextmanager
def output_lock(out: Path) -> Iterator[None]:
    """Lock a folder for the block; `BadDemoInput` if another demo has locked it.

    The lock file is beside the folder, because the demo empties the folder. The kernel releases
    the lock when the process ends.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_name(f"{out.name}.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadDemoInput(
                f"Another demo is running and writes to {out}: wait until it ends, or stop it."
            ) from None
        yield
