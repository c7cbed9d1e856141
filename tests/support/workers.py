"""What the workers of one run of pytest-xdist share through files in `build`."""

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
    """Let one worker at a time in; give True until one has left without an exception.

    Without pytest-xdist it gives True always.
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
