"""A render child whose program is a test's: what an image or a deployment could make of it."""

import io
import subprocess
import sys

from shared.imaging.child_process import RenderChild
from shared.imaging.frames import ReadyFrame, write_frame
from shared.model.limits import Limits

BEGINNING = "import os, struct, sys, time; out = sys.stdout.buffer\n"


def ready() -> str:
    """Return the statement by which a program says that it is ready."""
    frame = io.BytesIO()
    write_frame(frame, ReadyFrame())
    return f"out.write({frame.getvalue()!r}); out.flush()\n"


class UnreadyChild(RenderChild):
    """A child that is never heard of, or not as it should be."""

    def __init__(self, program: str) -> None:
        self._program = f"{BEGINNING}{program}"
        super().__init__(Limits().memory_bytes)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-S", "-c", self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )


class FakeChild(UnreadyChild):
    """A child that comes up well and then runs a test's program."""

    def __init__(self, program: str) -> None:
        super().__init__(ready() + program)
