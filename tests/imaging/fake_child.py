"""Render children that run a test's program, to fail as images or deployments make them fail."""

import io
import sys

from shared.imaging.child_frames import NO_NONCE, PREFIX, write_frame
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_process import ChildProcess
from shared.imaging.child_protocol import ReadyFrame
from shared.model.limits import Limits

BEGINNING = f"""
import os, struct, sys, time, zlib
out, nonce = sys.stdout.buffer, {NO_NONCE!r}

def take():
    # Read a job without a watermark, and remember its nonce.
    global nonce
    nonce, header, payload = struct.unpack("{PREFIX.format}", sys.stdin.buffer.read({PREFIX.size}))
    sys.stdin.buffer.read(header + payload)

def prefix(header, payload):
    return struct.pack("{PREFIX.format}", nonce, header, payload)

def say(header, payload=b""):
    out.write(prefix(len(header), len(payload)) + header + payload)
    out.flush()

"""


def ready() -> str:
    """Return the statement by which a program sends its ready frame."""
    frame = io.BytesIO()
    write_frame(frame, ReadyFrame((), walks_jpegs=True))
    return f"out.write({frame.getvalue()!r}); out.flush()\n"


class UnreadyChild(RenderChild):
    """A child that runs a test's program instead of becoming ready."""

    def __init__(self, program: str) -> None:
        self._program = f"{BEGINNING}{program}"
        super().__init__(Limits().memory_bytes)

    def _start(self) -> ChildProcess:
        return ChildProcess([sys.executable, "-S", "-c", self._program])


class FakeChild(UnreadyChild):
    """A child that becomes ready and then runs a test's program."""

    def __init__(self, program: str) -> None:
        super().__init__(ready() + program)
