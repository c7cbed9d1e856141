"""The engines that run the edge functions: Node.js, and njs, which is like CloudFront's runtime.

The documented features of the runtime (ES 5.1, some of ES 6 to 12, `crypto`) are close to those
of njs. An interpreter without a JIT compiler also shows which functions are costly.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol, Self

from tests.terraform.edge import Event
from tests.terraform.folders import ROOT

NODE_HARNESS = Path(__file__).with_name("edge_harness_node.js")
NJS_HARNESS = Path(__file__).with_name("edge_harness_njs.js")
# `make njs` unpacks Debian's package here.
NJS = ROOT / "build" / "njs" / "usr" / "bin" / "njs"


class EdgeEngine(Protocol):
    """An engine that runs edge functions."""

    def answers(self, functions: Sequence[str], events: Sequence[tuple[int, Event]]) -> list[Any]:
        """Return the functions' answers; an event names its function by index."""
        ...


def answer_to(engine: EdgeEngine, function: str, event: Event) -> Any:  # noqa: ANN401 - what a function answers
    """Return a function's answer to an event."""
    return engine.answers([function], [(0, event)])[0]


class EdgeNode:
    """One Node process that runs edge functions; leaving the `with` closes it."""

    def __enter__(self) -> Self:
        self._node = subprocess.Popen(
            ["node", str(NODE_HARNESS)],  # noqa: S607 - found on PATH, as CI's is
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._node.communicate()

    def answers(self, functions: Sequence[str], events: Sequence[tuple[int, Event]]) -> list[Any]:
        """Return the functions' answers; an event names its function by index."""
        answered: list[Any] = self._work({"functions": functions, "events": events})
        return answered

    def seconds(self, functions: Sequence[str], event: Event, rounds: int) -> list[float]:
        """Return each function's shortest time in seconds for this many rounds of an event."""
        took: list[float] = self._work(
            {"functions": functions, "events": [event], "rounds": rounds}
        )
        return took

    def _work(self, work: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON of either kind
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(work) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())


class NoNjs(Exception):
    """njs is not installed."""


class EdgeNjs:
    """Debian's njs; a process for each call. Raises `NoNjs` if it is not installed."""

    def __init__(self) -> None:
        found = str(NJS) if NJS.exists() else shutil.which("njs")
        if not found:
            raise NoNjs(
                "njs, the second engine of the edge functions, is not installed:"
                " `make njs` installs it on Debian and Ubuntu."
            )
        self._njs = found

    def answers(self, functions: Sequence[str], events: Sequence[tuple[int, Event]]) -> list[Any]:
        """Return the functions' answers; an event names its function by index."""
        answered: list[Any] = json.loads(self._run(functions, events, rounds=1)[0])
        return answered

    def cpu_seconds(self, function: str, event: Event, rounds: int) -> float:
        """Return the CPU seconds of one call, the average of many rounds."""
        cpu = [self._run([function], [(0, event)], rounds=many)[1] for many in (1, rounds + 1)]
        return (cpu[1] - cpu[0]) / rounds

    def _run(
        self, functions: Sequence[str], events: Sequence[tuple[int, Event]], *, rounds: int
    ) -> tuple[str, float]:
        """Return the output and the CPU seconds of a process."""
        with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as work:
            json.dump({"functions": functions, "events": events, "rounds": rounds}, work)
            work.flush()
            process = subprocess.Popen(
                [self._njs, str(NJS_HARNESS), work.name],
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            assert process.stdout is not None
            with process.stdout:
                output = process.stdout.read()
            # wait4 gives the usage of this process alone: other tests run beside it.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, output
        return output, usage.ru_utime + usage.ru_stime
