"""The parent's side of one render child: starts it, sends it jobs, kills it at the time limit.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import BinaryIO

from shared.imaging.child_protocol import (
    DoneFrame,
    FailedFrame,
    InvalidFrame,
    Job,
    VariantFrame,
    read_ready,
    read_reply,
    write_job,
)
from shared.imaging.hiding import hide_this_process
from shared.model.errors import (
    Cause,
    DecoderCrash,
    DecodeTimeout,
    Failure,
    Permanent,
    RenderUnavailable,
    TooCostly,
    Unknown,
    WatermarkUnusable,
)

STDERR_TAIL_BYTES = 400
# From the start of the process to its `ReadyFrame`. It takes a second or two on Lambda, where the
# first reads of the package are slow.
START_SECONDS = 30.0

# A child's environment holds nothing worth stealing. Lambda's own Python finds its libraries by
# LD_LIBRARY_PATH: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
INHERITED_VARIABLES = ("LD_LIBRARY_PATH",)
CHILD_ENVIRONMENT = {
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_CONCURRENCY": "1",  # one image per core has more throughput than many threads per image
    "MALLOC_ARENA_MAX": "2",  # more glibc arenas would keep the memory of past images
    "PYTHONDONTWRITEBYTECODE": "1",
}


class RenderChild:
    """One child process that decodes and encodes.

    `memory_bytes` is what its jobs may take. This process, which may hold credentials, becomes
    unreadable for the child before the child starts. Raises `RenderUnavailable` if no process can
    be started.
    """

    def __init__(self, memory_bytes: int) -> None:
        hide_this_process()
        self._memory_bytes = memory_bytes
        self._is_ready = False
        self._stderr: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        try:
            self._process = self._start()
        except OSError as error:  # no interpreter, no memory, no more processes
            self._stderr.close()
            raise RenderUnavailable(
                f"Expected a render child to start, got {error}.", stage="start"
            ) from error

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        return self._process.poll() is None

    def await_ready(self, *, time_limit_seconds: float = START_SECONDS) -> None:
        """Wait for the child's `ReadyFrame`; return at once from the second call on.

        Raises `RenderUnavailable` if the child exited, hung or sent an invalid frame, and kills
        it. No image can be the cause, as the child has not received any.
        """
        if self._is_ready:
            return
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        try:
            with self._killed_after(time_limit_seconds) as expired:
                read_ready(self._process.stdout)
        except (InvalidFrame, OSError) as error:
            was_killed = expired.is_set()
            killed = f" It was killed after {time_limit_seconds:.0f} s." if was_killed else ""
            detail = self._exit_description(error) + killed
            self.stop()
            raise RenderUnavailable(detail, stage="start") from error
        self._is_ready = True

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        """Yield each file as soon as it is encoded, and `DoneFrame` last.

        `source` is the image file, `watermark` the watermark's file if the recipe has one. The
        time limit starts when the child is ready.
        Raises the `Failure` that the child reported, `DecodeTimeout` if the child was killed at
        the time limit, `DecoderCrash` if it exited, and `RenderUnavailable` if it never became
        ready. If the caller stops iterating early, the child is killed.
        """
        self.await_ready()
        self._clear_stderr()
        finished = False
        try:
            with self._killed_after(time_limit_seconds) as expired:
                for reply in self._converse(source, job, watermark):
                    # Set before the yield: the caller may not come back after the last reply.
                    finished = isinstance(reply, DoneFrame)
                    yield reply
        except (InvalidFrame, OSError) as error:
            if expired.is_set():
                raise DecodeTimeout(
                    f"Expected the render to end within {time_limit_seconds:.0f} s, got no end.",
                    stage="render",
                ) from error
            raise DecoderCrash(self._exit_description(error), stage="render") from error
        except Failure as failure:
            is_of_the_input = isinstance(failure, Permanent | WatermarkUnusable)
            finished = is_of_the_input and not _ran_out_of_memory(failure)
            raise
        finally:
            if not finished or expired.is_set():
                self.stop()

    def stop(self) -> None:
        """Kill the process and close its pipes."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            with suppress(OSError):
                stream and stream.close()

    def _converse(
        self, source: bytes, job: Job, watermark: bytes
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - opened as pipes
        write_job(self._process.stdin, job, source, watermark)
        while True:
            reply, payload = read_reply(self._process.stdout)
            if isinstance(reply, FailedFrame):
                raise failure_for(reply, has_watermark=job.recipe.watermark is not None)
            if isinstance(reply, DoneFrame):
                yield reply
                return
            yield reply, payload

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {
            name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ
        }
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-s", "-m", "shared.imaging.child", str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**environment, **CHILD_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # Ctrl-C in a terminal goes to the parent only, which drains
        )

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[Event]:
        """Kill the child unless the block ends in time; the event is set if it was killed."""
        expired = Event()

        def kill() -> None:
            expired.set()
            self._process.kill()

        watchdog = Timer(seconds, kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield expired
        finally:
            watchdog.cancel()
            # A timer that has just fired must not kill the child during its next image.
            watchdog.join()

    def _clear_stderr(self) -> None:
        """Empty the child's standard error, so that a message about one image ends with it."""
        os.ftruncate(self._stderr.fileno(), 0)
        os.lseek(self._stderr.fileno(), 0, os.SEEK_SET)  # the child shares this file offset

    def _exit_description(self, error: Exception) -> str:
        """Return how the child ended: its exit code, and the last line of its standard error."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - STDERR_TAIL_BYTES))
        # The last line of a traceback holds the exception.
        lines = self._stderr.read().decode(errors="replace").split("\n")
        last_line = next((line.strip() for line in reversed(lines) if line.strip()), "")
        stderr = f" Its last output: {last_line}" if last_line else ""
        code = self._process.returncode
        ended = "sent an invalid frame" if code is None else f"exited with code {code}"
        return f"The render child {ended} ({error}).{stderr}"


def _ran_out_of_memory(failure: Failure) -> bool:
    """Return whether memory ran out during a render: such a heap is too full for another image."""
    return isinstance(failure, TooCostly) and failure.stage not in {"probe", "admit"}


def failure_for(frame: FailedFrame, *, has_watermark: bool = False) -> Failure:
    """Return the failure that a child reported.

    The child may be under an image's control. So it may only report permanent causes, which are
    about the image, and an unusable watermark if the job has a watermark; any other cause becomes
    `Unknown`.
    """
    kind = _IMAGE_FAILURES.get(frame.cause, Unknown)
    if has_watermark and frame.cause is Cause.WATERMARK_UNUSABLE:
        kind = WatermarkUnusable
    return kind(frame.detail, stage=frame.stage)


_IMAGE_FAILURES: dict[Cause, type[Failure]] = {
    kind.cause: kind for kind in Permanent.__subclasses__()
}
