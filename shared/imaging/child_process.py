"""Starts the process of a render child, and describes how it ended.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import BinaryIO

from shared.imaging.child_pipes import ChildPipes
from shared.model.errors import MAX_DETAIL_CHARS
from shared.model.limits import CHILD_CPU_SECONDS
from shared.text import printable_line

STDERR_TAIL_BYTES = 300
CPUCLOCK_SCHED = 2  # include/linux/posix-timers_types.h
# A process that was killed is gone at once; another may be writing its last output.
EXIT_SECONDS = 1.0
# A child's environment holds nothing worth stealing. Lambda's own Python finds its libraries by
# LD_LIBRARY_PATH: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
INHERITED_VARIABLES = ("LD_LIBRARY_PATH",)
CHILD_ENVIRONMENT = {
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_CONCURRENCY": "1",  # one image per core has more throughput than many threads per image
    "MALLOC_ARENA_MAX": "2",  # more glibc arenas would keep the memory of past images
    "PYTHONDONTWRITEBYTECODE": "1",
}


class ChildProcess:
    """A process with two pipes and a file for its standard error.

    Raises `OSError` if there is no memory, no process, no descriptor or no such program; nothing
    stays open then.
    """

    def __init__(self, command: Sequence[str]) -> None:
        with ExitStack() as ours, ExitStack() as its_own:
            self._stderr = ours.enter_context(_memory_file())
            # Not subprocess.PIPE: if there is no descriptor for the second pipe, Python 3.11
            # leaves the first one open.
            child_reads, writes = _pipe(its_own, ours)
            reads, child_writes = _pipe(ours, its_own)
            self.popen = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=child_reads,
                stdout=child_writes,
                stderr=self._stderr,
                env=_environment(),
                start_new_session=True,  # Ctrl-C in a terminal goes to the parent only: it drains
            )
            ours.pop_all()
        self.pipes = ChildPipes(reads, writes)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.popen.pid

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        return self.popen.poll() is None

    def is_worn_out(self) -> bool:
        """Return whether the process has used half of the CPU time that it may use."""
        return self._cpu_seconds() > CHILD_CPU_SECONDS / 2

    def _cpu_seconds(self) -> float:
        """Return the CPU time that the kernel has counted; 0 if the process has ended."""
        if sys.platform != "linux":
            return 0.0  # there, a child has no limit
        # As clock_getcpuclockid(3) makes it, which Python has for threads only.
        clock = (~self.pid << 3) | CPUCLOCK_SCHED
        try:
            return time.clock_gettime(clock)
        except OSError:
            return 0.0

    def stop(self) -> None:
        """Kill the process and close its pipes."""
        self.popen.kill()
        self.popen.wait()
        self.pipes.close()
        self._stderr.close()

    def clear_stderr(self) -> None:
        """Empty the standard error, so that a message about one image ends with it."""
        os.ftruncate(self._stderr.fileno(), 0)
        os.lseek(self._stderr.fileno(), 0, os.SEEK_SET)  # the child shares this file offset

    def exit_description(self, error: Exception) -> str:
        """Return how the child ended: its exit code, and the last line of its standard error."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout=EXIT_SECONDS)
        last_line = self._last_line()
        stderr = f" Its last output: {last_line}" if last_line else ""
        code = self.popen.returncode
        ended = "sent an invalid frame" if code is None else f"exited with code {code}"
        said = f"The render child {ended} ({error}).{stderr}"
        return printable_line(said, MAX_DETAIL_CHARS)

    def _last_line(self) -> str:
        """Return the last line of the standard error: in a traceback, it is the exception."""
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - STDERR_TAIL_BYTES))
        lines = self._stderr.read(STDERR_TAIL_BYTES).decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _memory_file() -> BinaryIO:
    """Return a file without a name that needs no disk, where the system has one.

    A pipe would not do: a child that fills it would wait for the parent to read.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("stderr"), "w+b")
    return tempfile.TemporaryFile()  # closed with the child


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """Return a pipe's ends for reading and writing, to be closed with two stacks."""
    ends = os.pipe()
    for stack, descriptor in zip((reading, writing), ends, strict=True):
        stack.callback(os.close, descriptor)
    return ends


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return {**inherited, **CHILD_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}
