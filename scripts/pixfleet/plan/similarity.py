"""Scores pictures by SSIMULACRA2, in processes without credentials."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import Self

from shared.imaging.child_process import CHILD_ENVIRONMENT

# The metric takes a kilobyte of memory for each pixel or so.
MAX_PIXELS = 4_000_000
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Judge:
    """One process that scores; a file that kills it has no score."""

    def __init__(self) -> None:
        self._process = _started()
        self._is_dead = False

    def score(self, reference: bytes, file: bytes) -> float | None:
        """Return how near a file comes to its reference, 100 being the same; none if unknown."""
        with tempfile.TemporaryDirectory(prefix="pixfleet-plan-") as folder:
            paths = [Path(folder, name) for name in ("reference", "file")]
            for path, data in zip(paths, (reference, file), strict=True):
                path.write_bytes(data)
            answer = self._ask(json.dumps([str(path) for path in paths]))
        found: float | None = json.loads(answer) if answer else None
        return found

    def kill(self) -> None:
        """Kill the process for good; whoever waits for a score gets none."""
        self._is_dead = True
        self._process.kill()

    def close(self) -> None:
        """Kill the process for good and give its pipes back; nobody may wait for a score."""
        self.kill()
        self._bury()

    def _ask(self, line: str) -> str:
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - opened as pipes
        try:
            print(line, file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except (OSError, ValueError):  # the process, or its pipes, are gone
            answer = ""
        if not answer:
            self._bury()
            if not self._is_dead:
                self._process = _started()
        return answer

    def _bury(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream and stream.close()


class Judges:
    """Some judges; one comparison at a time has each of them."""

    def __init__(self, count: int) -> None:
        self._all = [Judge() for _ in range(count)]
        self._idle: LifoQueue[Judge] = LifoQueue()
        for judge in self._all:
            self._idle.put(judge)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for judge in self._all:
            judge.close()

    def kill(self) -> None:
        """Kill all of them, whatever they are at."""
        for judge in self._all:
            judge.kill()

    @contextmanager
    def judge(self) -> Iterator[Judge]:
        """Lend a judge."""
        judge = self._idle.get()
        try:
            yield judge
        finally:
            self._idle.put(judge)


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "scripts.pixfleet.plan.score_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**CHILD_ENVIRONMENT, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C is for us, and we stop it
    )
