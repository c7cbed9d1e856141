"""The parent's side of one render child: sends it jobs, kills it at the time limit.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import sys
from collections.abc import Iterator

from shared.imaging.child_frames import InvalidFrame, new_nonce
from shared.imaging.child_process import ChildProcess
from shared.imaging.child_protocol import (
    DoneFrame,
    FailedFrame,
    HeaderFrame,
    Job,
    ReadyFrame,
    VariantFrame,
    read_ready,
    read_reply,
    write_job,
)
from shared.imaging.reply_checks import ReplyChecks
from shared.imaging.sandbox.hiding import hide_this_process
from shared.model.errors import (
    MAX_DETAIL_CHARS,
    Cause,
    DecoderCrash,
    DecodeTimeout,
    Failure,
    OnlyAtUpload,
    Permanent,
    RenderUnavailable,
    TooCostly,
    Unknown,
    WatermarkUnusable,
)
from shared.text import printable_line

# From the start of the process to its `ReadyFrame`. It takes a second or two on Lambda, where the
# first reads of the package are slow.
START_SECONDS = 30.0


class RenderChild:
    """One child process that decodes and encodes.

    `memory_bytes` is what its jobs may take, `images` counts the jobs that it has been sent. This
    process, which may hold credentials, becomes unreadable for the child before the child starts.
    Raises `RenderUnavailable` if no process can be started.
    """

    def __init__(self, memory_bytes: int) -> None:
        hide_this_process()
        self._memory_bytes = memory_bytes
        self._ready: ReadyFrame | None = None
        self.images = 0
        try:
            self._process = self._start()
        except (OSError, MemoryError) as error:
            # No interpreter, no memory, no more processes or descriptors.
            raise RenderUnavailable(
                f"Expected a render child to start, got {str(error) or 'no memory'}.",
                stage="start",
            ) from error

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        return self._process.is_alive()

    def is_usable(self) -> bool:
        """Return whether the child can take an image: it runs, and has sent nothing unasked."""
        return self.is_alive() and not (self._ready and self._has_unread())

    def is_worn_out(self, images: int) -> bool:
        """Return whether the child has rendered so many images, or used much CPU time."""
        return self.images >= images or self._process.is_worn_out()

    def await_ready(self, *, time_limit_seconds: float = START_SECONDS) -> ReadyFrame:
        """Return the child's `ReadyFrame`, for which only the first call waits.

        Raises `RenderUnavailable` if the child exited, hung or sent an invalid frame, and kills
        it. No image can be the cause, as the child has not received any.
        """
        if self._ready is not None:
            return self._ready
        self._process.pipes.limit(time_limit_seconds)
        try:
            self._ready = read_ready(self._process.pipes.reader)
        except (InvalidFrame, OSError) as error:
            killed = ""
            if isinstance(error, TimeoutError):
                self._process.popen.kill()
                killed = f" It was killed after {time_limit_seconds:.0f} s."
            detail = self._process.exit_description(error) + killed
            self.stop()
            raise RenderUnavailable(detail, stage="start") from error
        return self._ready

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        """Yield each file as soon as it is encoded, and `DoneFrame` last.

        `source` is the image file, `watermark` the watermark's file if the recipe has one. The
        time limit starts when the child is ready.
        Raises the `Failure` that the child reported, `DecodeTimeout` if the child was killed at
        the time limit, `DecoderCrash` if it exited, and `RenderUnavailable` if it never became
        ready. If the caller stops iterating early, the child is killed. So is a child that sends
        more than its replies: an image may have taken it over to answer for the next one.
        """
        self.await_ready()
        self.images += 1
        self._process.clear_stderr()
        self._process.pipes.limit(time_limit_seconds)
        is_reusable = False
        try:
            for reply in self._converse(source, job, watermark):
                # Set before the yield: the caller may not come back after the last reply, and may
                # close this generator late, when the child has another job.
                is_reusable = isinstance(reply, DoneFrame) and not self._has_unread()
                yield reply
        except TimeoutError as error:
            raise DecodeTimeout(
                f"Expected the render to end within {time_limit_seconds:.0f} s, got no end.",
                stage="render",
            ) from error
        except (InvalidFrame, OSError) as error:
            raise DecoderCrash(self._process.exit_description(error), stage="render") from error
        except Failure as failure:
            is_of_the_input = isinstance(failure, Permanent | WatermarkUnusable | OnlyAtUpload)
            has_memory = not _ran_out_of_memory(failure)
            is_reusable = is_of_the_input and has_memory and not self._has_unread()
            raise
        finally:
            if not is_reusable:
                self.stop()

    def stop(self) -> None:
        """Kill the process and close its pipes."""
        self._process.stop()

    def _converse(
        self, source: bytes, job: Job, watermark: bytes
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        pipes, nonce, checks = self._process.pipes, new_nonce(), ReplyChecks(job, source)
        write_job(pipes.writer, job, source, watermark, nonce=nonce)
        while True:
            reply, payload = read_reply(
                pipes.reader, nonce=nonce, max_payload_bytes=checks.max_payload_bytes
            )
            checks.check(reply, payload)
            if isinstance(reply, HeaderFrame):
                continue
            if isinstance(reply, FailedFrame):
                raise failure_for(reply, job)
            if isinstance(reply, DoneFrame):
                yield reply
                return
            yield reply, payload

    def _has_unread(self) -> bool:
        return self._process.pipes.has_unread()

    def _start(self) -> ChildProcess:
        module, memory = "shared.imaging.child", str(self._memory_bytes)
        return ChildProcess([sys.executable, "-P", "-s", "-m", module, memory])


def _ran_out_of_memory(failure: Failure) -> bool:
    """Return whether memory ran out during a render: such a heap is too full for another image."""
    return isinstance(failure, TooCostly) and failure.stage not in {"probe", "admit"}


def failure_for(frame: FailedFrame, job: Job) -> Failure:
    """Return the failure of a job that a child reported.

    The child may be under an image's control. So it may only report permanent causes, which are
    about the image, an unusable watermark if the job has a watermark, and `OnlyAtUpload` if the
    job is for one variant; any other cause becomes `Unknown`.
    """
    kind = _IMAGE_FAILURES.get(frame.cause, Unknown)
    if job.recipe.watermark is not None and frame.cause is Cause.WATERMARK_UNUSABLE:
        kind = WatermarkUnusable
    if job.only is not None and frame.cause is Cause.ONLY_AT_UPLOAD:
        kind = OnlyAtUpload
    return kind(printable_line(frame.detail, MAX_DETAIL_CHARS), stage=frame.stage.value)


_IMAGE_FAILURES: dict[Cause, type[Failure]] = {
    kind.cause: kind for kind in Permanent.__subclasses__()
}
