"""The runners: one lives on, so that its memory can be seen, and one is killed over and over."""

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
REDELIVERED = "redelivered"  # work on a message that had been handed out before


class RunnerDied(PixfleetError):
    """A runner ended that nobody had killed."""


class Runner:
    """One runner after another under one name, all writing one log."""

    def __init__(self, name: str, program: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.kills = 0
        self._command = [sys.executable, "-m", program]
        self._environment = environment
        self._orphans: set[int] = set()

    def start(self, log: Path) -> None:
        """Start the first or the next runner."""
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is for the soak, which then stops its runners.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process number of the one that runs now."""
        return self._process.pid

    def kill_and_replace(self) -> None:
        """End it as a lost machine does, and start another in its place."""
        self.require_alive()
        self._orphans |= {child.pid for child in children_of(self.pid, process_table())}
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self.start(self.log)

    def require_alive(self) -> None:
        """Raise `RunnerDied`, with its last words, if it has ended by itself."""
        ended = self._process.poll()
        if ended is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
            raise RunnerDied(
                f"Expected runner {self.name} to live, got its end with {ended}:\n"
                + "\n".join(lines)
            )

    def ask_to_stop(self) -> None:
        """Let it finish what it has received."""
        self._orphans |= {child.pid for child in children_of(self.pid, process_table())}
        self._process.send_signal(signal.SIGTERM)

    def wait_for_the_end(self) -> None:
        """Return when it has ended; by force only where it does not."""
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
    """Start the runners, and stop them and all that they left behind when the block ends."""
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
            runner.wait_for_the_end()
        table = process_table()
        for pid in (pid for runner in started for pid in runner.left_behind(table)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Log:
    """A runner's log, read as it grows: how many lines told of what."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.outcomes: dict[str, int] = {}

    def read_on(self) -> None:
        """Count what has been written since the last time; a line cut by a kill counts nothing."""
        with self._path.open("rb") as log:
            log.seek(self._at)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            self._count(line)

    def _count(self, line: bytes) -> None:
        # The next runner's first line may be glued to one that a kill has cut.
        with suppress(ValueError):
            told = json.loads(line)
            if isinstance(told, dict):
                for what in self._words(told):
                    self.outcomes[what] = self.outcomes.get(what, 0) + 1

    def _words(self, told: Mapping[str, object]) -> Iterator[str]:
        yield str(told.get("outcome") or told.get("event"))
        receive_count = told.get("receive_count")
        if isinstance(receive_count, int) and receive_count > 1:
            yield REDELIVERED
