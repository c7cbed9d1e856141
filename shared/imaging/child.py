"""The program of a render child: reads jobs from standard input, writes replies to its parent.

It holds no credentials and talks only to its parent. Its rlimits bound its address space, the size
of files that it writes and core dumps, and it locks itself in before it reads its first byte
(`shared.imaging.sandbox`). So an image that takes over a decoder can read no secret, exhaust only
what the rlimits allow, and reach no file, network or process.
"""

import os
import resource
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from shared.imaging.child_frames import write_frame
from shared.imaging.child_protocol import (
    DoneFrame,
    FailedFrame,
    HeaderFrame,
    ReadyFrame,
    ReceivedJob,
    RenderStage,
    Reply,
    VariantFrame,
    read_job,
)
from shared.imaging.heic_and_bmp import import_readers
from shared.imaging.native import jpeg_walk
from shared.imaging.peak_memory import PeakMemory
from shared.imaging.reading import described
from shared.imaging.render import Encoded, Finished, accept
from shared.imaging.sandbox.locks import lock_in
from shared.imaging.vips import harden
from shared.model.errors import MAX_DETAIL_CHARS, Cause, Failure
from shared.model.limits import CHILD_CPU_SECONDS

# Linux only. macOS does not enforce RLIMIT_AS anyway; there, the demo runs without it.
STATM = Path("/proc/self/statm")
# Decoders write no files. Standard error is the only one: a file that the parent reads after a
# crash.
MAX_FILE_BYTES = 1024 * 1024
# The first thread of a process adds its stack, and glibc's second arena (man 3 mallopt), which all
# other threads then share. Both are address space, most of which is never used.
FIRST_THREAD_BYTES = (8 + 64) * 1024 * 1024
# A recursion has a thousand frames.
MAX_PLACES = 40


def main() -> None:
    """Send `ReadyFrame`, then serve jobs until the parent closes the pipe or dies.

    The only argument is the memory in bytes that jobs may take.
    """
    parent = os.getppid()
    replies = _private_stdout()
    harden()
    import_readers()
    peak_memory = PeakMemory()
    _set_rlimits(int(sys.argv[1]))
    locks = lock_in()
    # The first thread of this process: Landlock applies to the threads of a locked one only.
    Thread(target=_exit_with_parent, args=[parent], daemon=True).start()
    write_frame(replies, ReadyFrame(locks, walks_jpegs=jpeg_walk.IS_BUILT))
    while (received := read_job(sys.stdin.buffer)) is not None:
        for reply, payload in _replies(received, peak_memory):
            write_frame(replies, reply, payload, nonce=received.nonce)
        del received  # the source's bytes must not outlive their job


def _replies(received: ReceivedJob, peak_memory: PeakMemory) -> Iterator[tuple[Reply, bytes]]:
    try:
        yield from _rendered(received, peak_memory)
    except Failure as failure:
        detail = failure.detail[:MAX_DETAIL_CHARS]
        yield FailedFrame(failure.cause, _stage(failure), detail), b""
    except MemoryError:
        detail = "The child ran out of memory."
        yield FailedFrame(Cause.TOO_COSTLY, RenderStage.RENDER, detail), b""
    except Exception as error:  # noqa: BLE001 - it is the answer, and the next image can be rendered
        places = _places(error)
        sys.stderr.write("\n".join((*places, described(error), "")))
        sys.stderr.flush()
        detail = f"Expected no error in our code, got one at {places[-1]}: {described(error)}"
        detail = detail[:MAX_DETAIL_CHARS]
        yield FailedFrame(Cause.UNKNOWN, RenderStage.RENDER, detail), b""


def _rendered(received: ReceivedJob, peak_memory: PeakMemory) -> Iterator[tuple[Reply, bytes]]:
    wall, cpu, job = time.perf_counter(), time.process_time(), received.job
    accepted = accept(
        received.source,
        job.recipe,
        job.limits,
        focal=job.focal,
        watermark=received.watermark,
        only=job.only,
    )
    yield HeaderFrame(accepted.facts, accepted.reduction, accepted.is_all_eager), b""
    for result in accepted.render():
        if isinstance(result, Finished):
            done = DoneFrame(
                facts=result.facts,
                placeholder=result.placeholder,
                wall_seconds=time.perf_counter() - wall,
                cpu_seconds=time.process_time() - cpu,
                peak_bytes=peak_memory.read_bytes(),
                reduction=accepted.reduction,
                lazy=result.lazy,
                is_all_eager=result.is_all_eager,
            )
            yield done, b""
        else:
            yield _variant_frame(result), result.data


def _places(error: Exception) -> list[str]:
    """Return where an exception came from, the innermost place last, without source lines.

    The files that hold the lines cannot be opened here, and what reads them cannot be imported.
    """
    frames = deque(traceback.walk_tb(error.__traceback__), MAX_PLACES)
    return [f"{Path(each.f_code.co_filename).name}:{line}" for each, line in frames]


def _stage(failure: Failure) -> RenderStage:
    """Return the stage of a failure; the parent knows no others."""
    is_known = failure.stage in set(RenderStage)
    return RenderStage(failure.stage) if is_known else RenderStage.RENDER


def _variant_frame(result: Encoded) -> VariantFrame:
    return VariantFrame(
        variants=result.variants,
        slot=result.slot,
        codec=result.codec,
        width=result.width,
        height=result.height,
        limit=result.limit,
    )


def _exit_with_parent(parent: int) -> None:
    """Exit within a second or so after the parent was killed, even in the middle of a decode."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _private_stdout() -> BinaryIO:
    """Return the pipe to the parent, and point standard output at standard error.

    Otherwise whatever a library prints would end up inside a frame.
    """
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(pipe, "wb")


def _set_rlimits(memory_bytes: int) -> None:
    """Set this process's rlimits: core dumps, file size, CPU time and address space.

    Images get `memory_bytes` on top of what the interpreter and libvips hold already, and on top
    of what the first thread will add.
    """
    rlimits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: MAX_FILE_BYTES}
    if STATM.exists():
        held = int(STATM.read_text().split()[0]) * resource.getpagesize()
        rlimits[resource.RLIMIT_AS] = held + FIRST_THREAD_BYTES + memory_bytes
        rlimits[resource.RLIMIT_CPU] = CHILD_CPU_SECONDS
    for kind, bound in rlimits.items():
        # Only root may raise a limit above that of the process that started this one.
        inherited = resource.getrlimit(kind)[1]
        lowest = bound if inherited == resource.RLIM_INFINITY else min(bound, inherited)
        resource.setrlimit(kind, (lowest, lowest))


if __name__ == "__main__":
    main()
