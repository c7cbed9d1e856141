"""Runs `worker.runner` in a process of its own, as in a container."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.local.stack import LocalStack

# Long enough to finish the image that is being rendered; then the process is killed.
DRAIN_SECONDS = 10.0
LINES_SHOWN = 8
# The only variables that the worker inherits: no AWS settings, no settings of another worker.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker's process and its log."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        return self.process.poll() is not None

    def last_log_lines(self) -> str:
        """Return the last lines of the log, after a line that says where it is."""
        lines = self.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        if not lines:
            return f"The worker's log, {self.log}, is empty."
        return "\n".join((f"The end of the worker's log, {self.log}:", *(f"  {x}" for x in lines)))


@contextmanager
def running_worker(stack: LocalStack, log: Path) -> Iterator[Worker]:
    """Yield a worker of a stack, and stop it when the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.runner"],
            env={
                **{name: os.environ[name] for name in INHERITED if name in os.environ},
                **stack.worker_environment(),
                "PIXFLEET_LOG": "console",
                "PIXFLEET_POLL_SECONDS": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches the demo only; the demo then stops the worker.
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
