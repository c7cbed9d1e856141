"""A lock that the workers of one pytest-xdist run share through a file in `build`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "build" / "tests"
# https://pytest-xdist.readthedocs.io/en/stable/how-to.html
RUN_VARIABLE = "PYTEST_XDIST_TESTRUNUID"


@contextmanager
def only_one_worker(name: str) -> Iterator[bool]:
    """Hold a lock; yield True until a worker of this run has released it without an exception.

    Without pytest-xdist it always yields True.
    """
    run = os.environ.get(RUN_VARIABLE, "")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        is_first = not run or file.read() != run
        yield is_first
        file.truncate(0)
        file.write(run)
