"""The parent's side of a render child: starts it, gives it work, kills it at the time limit.

Never imports libvips: a decoder's bug must not run where the credentials are.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import BinaryIO

from shared.imaging.frames import (
    DoneFrame,
    FailedFrame,
    InvalidFrame,
    Job,
    VariantFrame,
    read_ready,
    read_reply,
    write_job,
)
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
# From the start of a process to its first word; a second or two on Lambda, whose disk is cold.
START_SECONDS = 30.0

# What a child needs, and nothing that could be stolen. LD_LIBRARY_PATH is how Lambda's own Python
# finds its libraries: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
INHERITED_VARIABLES = ("LD_LIBRARY_PATH",)
CHILD_ENVIRONMENT = {
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_CONCURRENCY": "1",  # one image a core beats many threads on one image
    "MALLOC_ARENA_MAX": "2",  # glibc's arenas otherwise keep what an image needed
    "PYTHONDONTWRITEBYTECODE": "1",
}


class RenderChild:
    """One process that decodes and encodes; replaced when it has died."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._is_ready = False
        self._stderr: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        try:
            self._process = self._start()
        except OSError as error:  # no interpreter, no memory, no more processes
            self._stderr.close()
            raise RenderUnavailable(f"No render child: {error}.", stage="start") from error

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Say whether the process could take a job."""
        return self._process.poll() is None

    def await_ready(self, *, time_limit_seconds: float = START_SECONDS) -> None:
        """Wait until the child has said that it is ready; at once from the second time on.

        `RenderUnavailable` if it died, hung or talked nonsense before it had seen any image: then
        no image is to blame. Such a child is stopped.
        """
        if self._is_ready:
            return
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        try:
            with self._killed_after(time_limit_seconds) as expired:
                read_ready(self._process.stdout)
        except (InvalidFrame, OSError) as error:
            told = f" It was killed after {time_limit_seconds:.0f} s." if expired.is_set() else ""
            detail = self._epitaph(error) + told
            self.stop()
            raise RenderUnavailable(detail, stage="start") from error
        self._is_ready = True

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        """Yield each variant as it is finished, and `DoneFrame` last.

        `mark` is the file of the watermark, where the recipe has one.
        Raises the image's own `Failure`, `DecodeTimeout` when the child was killed at the limit,
        `DecoderCrash` when it died, or `RenderUnavailable` if it never lived. The limit counts
        from when the child is ready. A consumer that stops early costs the child its life.
        """
        self.await_ready()
        self._forget_last_words()
        finished = False
        try:
            with self._killed_after(time_limit_seconds) as expired:
                for reply in self._converse(source, job, watermark):
                    # Known before it is handed over: the consumer may well stop at the last reply.
                    finished = isinstance(reply, DoneFrame)
                    yield reply
        except (InvalidFrame, OSError) as error:
            if expired.is_set():
                raise DecodeTimeout(
                    f"Expected an end within {time_limit_seconds:.0f} s.", stage="render"
                ) from error
            raise DecoderCrash(self._epitaph(error), stage="render") from error
        except Failure as failure:
            blameless = isinstance(failure, Permanent | WatermarkUnusable)
            finished = blameless and not _ran_out(failure)
            raise
        finally:
            if not finished or expired.is_set():
                self.stop()

    def stop(self) -> None:
        """Kill the process and give its pipes back."""
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
                raise failure_for(reply, marked=job.recipe.watermark is not None)
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
            start_new_session=True,  # Ctrl-C in a terminal is for the parent, which then drains
        )

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[Event]:
        """Kill the child if this lasts longer; the event tells whether it came to that."""
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
            # A kill that is under way must not hit the next image.
            watchdog.join()

    def _forget_last_words(self) -> None:
        """Empty the child's standard error: what it said of one image is not for the next."""
        os.ftruncate(self._stderr.fileno(), 0)
        os.lseek(self._stderr.fileno(), 0, os.SEEK_SET)  # the child writes at the same offset

    def _epitaph(self, error: Exception) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - STDERR_TAIL_BYTES))
        # Of a traceback, the last line is the one that tells.
        lines = self._stderr.read().decode(errors="replace").split("\n")
        last_words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        said = f" It said: {last_words}" if last_words else ""
        code = self._process.returncode
        ended = "talked nonsense" if code is None else f"ended with code {code}"
        return f"The render child {ended} ({error}).{said}"


def _ran_out(failure: Failure) -> bool:
    """Say whether memory ran out: a heap that has been so full is not for another image."""
    return isinstance(failure, TooCostly) and failure.stage not in {"probe", "admit"}


def failure_for(frame: FailedFrame, *, marked: bool = False) -> Failure:
    """Return the failure that a child reported; only an image's own causes are believed.

    And a watermark's, where there was one.
    """
    kind = _IMAGE_FAILURES.get(frame.cause, Unknown)
    if marked and frame.cause is Cause.WATERMARK_UNUSABLE:
        kind = WatermarkUnusable
    return kind(frame.detail, stage=frame.stage)


_IMAGE_FAILURES: dict[Cause, type[Failure]] = {
    kind.cause: kind for kind in Permanent.__subclasses__()
}
