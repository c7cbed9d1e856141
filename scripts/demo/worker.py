"""Runs one worker as a process of its own, as it would run in a container."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.local.stack import LocalStack

# Long enough for the image in hand; then it is ended by force.
DRAIN_SECONDS = 10.0
LINES_SHOWN = 8
# What a worker may know of the caller's environment: nothing of AWS, no settings of another fleet.
PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that was started here."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def has_ended(self) -> bool:
        """Say whether it is gone, which it should not be before it is told."""
        return self.process.poll() is not None

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        if not lines:
            return f"The worker's log, {self.log}, is empty."
        return "\n".join((f"The end of the worker's log, {self.log}:", *(f"  {x}" for x in lines)))


@contextmanager
def running_worker(stack: LocalStack, log: Path) -> Iterator[Worker]:
    """Give a worker that serves a stack, and stop it when the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.runner"],
            env={
                **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
                **stack.worker_environment(),
                "PIXFLEET_LOG": "console",
                "PIXFLEET_POLL_SECONDS": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the demo, which then stops the worker in its own time.
            start_new_session=True,
        )
    try:
        yield Worker(process, log)
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
