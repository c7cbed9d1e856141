"""Starts, kills and stops the runners, and reads their logs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.model.errors import PixfleetError
from tests.e2e.processes import DRAIN_SECONDS, RENDER_CHILD
from tests.soak.processes import Process, children_of, process_table

LINES_SHOWN = 8
REDELIVERED = "redelivered"  # work on a message that was received before


class RunnerDied(PixfleetError):
    """A runner ended without being killed."""


class Runner:
    """A sequence of runner processes with one name and one log."""

    def __init__(self, name: str, program: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.kills = 0
        self._command = [sys.executable, "-m", program]
        self._environment = environment
        self._orphans: set[int] = set()

    def start(self, log: Path) -> None:
        """Start the next process."""
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches the soak only; the soak then stops its runners.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process ID of the running process."""
        return self._process.pid

    def kill_and_replace(self) -> None:
        """Kill the process, as a lost machine would, and start the next one."""
        self.require_alive()
        self._orphans |= {child.pid for child in children_of(self.pid, process_table())}
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self.start(self.log)

    def require_alive(self) -> None:
        """Raise `RunnerDied`, with its last log lines, if the process has ended."""
        ended = self._process.poll()
        if ended is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
            raise RunnerDied(
                f"Expected runner {self.name} to run, got exit code {ended}:\n" + "\n".join(lines)
            )

    def ask_to_stop(self) -> None:
        """Send SIGTERM: the runner finishes the messages that it has received."""
        self._orphans |= {child.pid for child in children_of(self.pid, process_table())}
        self._process.send_signal(signal.SIGTERM)

    def wait_until_ended(self) -> None:
        """Wait until the process has ended; kill it after a timeout."""
        try:
            self._process.wait(timeout=DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def left_behind(self, table: Mapping[int, Process]) -> Sequence[int]:
        """Return the render children that outlived their runner."""
        return [
            pid
            for pid in sorted(self._orphans)
            if pid in table
            and RENDER_CHILD in table[pid].command
            and table[pid].parent != self._process.pid
        ]


@contextmanager
def running(runners: Sequence[Runner], folder: Path) -> Iterator[None]:
    """Start the runners; when the block ends, stop them and kill their orphaned children."""
    started: list[Runner] = []
    try:
        for runner in runners:
            log = folder / f"runner-{runner.name}.log"
            log.write_bytes(b"")
            runner.start(log)
            started.append(runner)
        yield
    finally:
        for runner in started:
            runner.ask_to_stop()
        for runner in started:
            runner.wait_until_ended()
        table = process_table()
        for pid in (pid for runner in started for pid in runner.left_behind(table)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Log:
    """A runner's log, read while it grows; `outcomes` counts its lines by outcome or event."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.outcomes: dict[str, int] = {}

    def read_new_lines(self) -> None:
        """Count the lines written since the last call; a line cut off by a kill is not counted."""
        with self._path.open("rb") as log:
            log.seek(self._at)
            text = log.read()
        complete = text[: text.rfind(b"\n") + 1]
        self._at += len(complete)
        for line in complete.splitlines():
            self._count(line)

    def _count(self, line: bytes) -> None:
        # A line cut off by a kill has no line break: the next process's first line follows it.
        with suppress(ValueError):
            fields = json.loads(line)
            if isinstance(fields, dict):
                for what in self._outcomes_of(fields):
                    self.outcomes[what] = self.outcomes.get(what, 0) + 1

    def _outcomes_of(self, fields: Mapping[str, object]) -> Iterator[str]:
        yield str(fields.get("outcome") or fields.get("event"))
        receive_count = fields.get("receive_count")
        if isinstance(receive_count, int) and receive_count > 1:
            yield REDELIVERED
