"""Scores pictures by SSIMULACRA2, in locked processes without credentials."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import LifoQueue
from types import TracebackType
from typing import Self

from shared.imaging.child_process import CHILD_ENVIRONMENT
from shared.imaging.sandbox.hiding import hide_this_process

# The metric needs about a kilobyte of memory for each pixel.
MAX_PIXELS = 4_000_000
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class SimilarityScorer:
    """One scoring process; it is replaced if a file makes it crash."""

    def __init__(self) -> None:
        hide_this_process()
        self._process = _started()
        self._is_killed = False

    @property
    def pid(self) -> int:
        """Return the id of the current process."""
        return self._process.pid

    def score(self, reference: bytes, file: bytes) -> float | None:
        """Return the score of a file against its reference; 100 means identical.

        None if the process printed no score or crashed.
        """
        reply = self._request(json.dumps([b64encode(each).decode() for each in (reference, file)]))
        score: float | None = json.loads(reply) if reply else None
        return score

    def kill(self) -> None:
        """Kill the process for good; a `score` call in another thread returns None."""
        self._is_killed = True
        self._process.kill()

    def close(self) -> None:
        """Kill the process for good and close its pipes; no `score` call may be running."""
        self.kill()
        self._stop_process()

    def _request(self, line: str) -> str:
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - opened as pipes
        try:
            print(line, file=self._process.stdin, flush=True)
            reply = self._process.stdout.readline()
        except (OSError, ValueError):  # the process has died, or its pipes are closed
            reply = ""
        if not reply:
            self._stop_process()
            if not self._is_killed:
                self._process = _started()
        return reply

    def _stop_process(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream and stream.close()


class ScorerPool:
    """Some scorers; each is used by one comparison at a time."""

    def __init__(self, count: int) -> None:
        self._all = [SimilarityScorer() for _ in range(count)]
        self._idle: LifoQueue[SimilarityScorer] = LifoQueue()
        for scorer in self._all:
            self._idle.put(scorer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for scorer in self._all:
            scorer.close()

    def kill(self) -> None:
        """Kill all scorers, even while they score."""
        for scorer in self._all:
            scorer.kill()

    @contextmanager
    def scorer(self) -> Iterator[SimilarityScorer]:
        """Wait for an idle scorer, and keep it for the block."""
        scorer = self._idle.get()
        try:
            yield scorer
        finally:
            self._idle.put(scorer)


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "scripts.pixfleet.plan.score_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**CHILD_ENVIRONMENT, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C reaches the parent only, which then kills the scorer
    )
