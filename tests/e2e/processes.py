"""The runner as a process of its own, and what a test may do to it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.local.instance import HOST
from scripts.local.stack import LocalStack
from tests.e2e.waiting import wait_for

RENDER_CHILD = "shared.imaging.child"
# Long enough for an image that is being rendered to be finished.
DRAIN_SECONDS = 30.0


class Runner:
    """A `python -m worker.runner`; the context stops it, by force only where it has not ended."""

    program = "worker.runner"

    def __init__(self, stack: LocalStack, log: Path, **settings: str) -> None:
        self._log = log
        self._environment = worker_environment(stack, PIXFLEET_POLL_SECONDS="1", **settings)

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"The end of the runner's log:\n{self.last_log_lines()}")
        self.process.terminate()
        try:
            self.process.wait(timeout=DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def drain(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DRAIN_SECONDS)

    def kill_render_children(self) -> list[int]:
        """Kill every render child in whatever it does and return their process numbers."""
        children = wait_for("a render child", lambda: render_children(self.process.pid))
        for child in children:
            os.kill(child, signal.SIGKILL)
        return children

    def failures(self) -> list[tuple[str, str]]:
        """Return key and cause of every failure that it has logged."""
        logged = [json.loads(line) for line in self._log.read_text().splitlines()]
        about_a_key = [each for each in logged if "key" in each]
        return [(each["key"], each["cause"]) for each in about_a_key if "cause" in each]

    def last_log_lines(self) -> str:
        """Return the end of what the runner logged."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])


class HastyRunner(Runner):
    """A runner that puts a failed message off for a second or two only."""

    program = "tests.e2e.hasty_runner"


def worker_environment(stack: LocalStack, **settings: str) -> dict[str, str]:
    """Return all that a worker's process sees: of the tests' own environment only PATH."""
    return {"PATH": os.environ["PATH"], **stack.worker_environment(), **settings}


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def render_children(parent: int) -> list[int]:
    """Return the process numbers of a worker's render children."""
    rows = (line.split(maxsplit=2) for line in _process_table().splitlines())
    return [
        int(pid)
        for pid, parent_of_it, command in rows
        if int(parent_of_it) == parent and RENDER_CHILD in command
    ]


def _process_table() -> str:
    ps = shutil.which("ps")
    assert ps, "these tests look for render children with ps: install procps"
    answer = subprocess.run(
        [ps, "-axww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    return answer.stdout
