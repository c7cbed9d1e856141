"""The render child: reads jobs from its standard input and answers until the input ends.

It speaks to nobody but its parent, holds no credentials, and has a bound on its memory: whatever a
hostile image makes of the decoders, there is nothing here to take and little to exhaust.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from shared.imaging.frames import (
    DoneFrame,
    FailedFrame,
    Job,
    ReadyFrame,
    Reply,
    VariantFrame,
    read_job,
    write_frame,
)
from shared.imaging.render import Encoded, render
from shared.imaging.vips import harden
from shared.model.errors import Cause, Failure

KIBIBYTE = 1024
# Linux only; macOS does not keep RLIMIT_AS either, and is good enough for a demo.
STATM = Path("/proc/self/statm")
STATUS = Path("/proc/self/status")
# No decoder writes files; our standard error alone is one, kept by the parent for crash reports.
MAX_FILE_BYTES = 1024 * 1024


def main() -> None:
    """Say that we are ready, then serve jobs until the parent closes the pipe or is no more."""
    Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    replies = _private_stdout()
    harden()
    _bound_resources(int(sys.argv[1]))
    write_frame(replies, ReadyFrame())
    while (received := read_job(sys.stdin.buffer)) is not None:
        for reply, payload in _answers(*received):
            write_frame(replies, reply, payload)
        del received  # the source's bytes must not outlive their job


def _answers(job: Job, source: bytes, watermark: bytes) -> Iterator[tuple[Reply, bytes]]:
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        for result in render(source, job.recipe, job.limits, focal=job.focal, watermark=watermark):
            if isinstance(result, Encoded):
                yield _variant_frame(result), result.data
                continue
            yield (
                DoneFrame(
                    facts=result.facts,
                    placeholder=result.placeholder,
                    wall_seconds=time.perf_counter() - wall,
                    cpu_seconds=time.process_time() - cpu,
                    peak_bytes=_peak_bytes(),
                ),
                b"",
            )
    except Failure as failure:
        yield FailedFrame(failure.cause, failure.stage, failure.detail), b""
    except MemoryError:
        yield FailedFrame(Cause.TOO_COSTLY, "render", "The child ran out of memory."), b""


def _variant_frame(result: Encoded) -> VariantFrame:
    return VariantFrame(
        variants=result.variants,
        slot=result.slot,
        codec=result.codec,
        width=result.width,
        height=result.height,
    )


def _end_with_parent(parent: int) -> None:
    """End this process soon after its parent has been killed, even in the middle of a decode."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _private_stdout() -> BinaryIO:
    """Take the pipe away from standard output, so that a library's print cannot break a frame."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(pipe, "wb")


def _peak_bytes() -> int:
    """Return the most memory that was resident; 0 where the kernel does not tell.

    Not `ru_maxrss`, which a child inherits from its parent: man 2 getrusage, man 5 proc.
    """
    lines = STATUS.read_text().splitlines() if STATUS.exists() else []
    peaks = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return KIBIBYTE * next(peaks, 0)


def _bound_resources(memory_bytes: int) -> None:
    """Bound what images may take on top of what the interpreter and libvips hold already."""
    bounds = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: MAX_FILE_BYTES}
    if STATM.exists():
        held = int(STATM.read_text().split()[0]) * resource.getpagesize()
        bounds[resource.RLIMIT_AS] = held + memory_bytes
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main()
