"""Jobs for render children in tests, and what /proc holds about a process."""

import io
import os
import select
from pathlib import Path

from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Fit, Recipe, Slot, Variant, Watermark

# The longest wait for a child that must come to an end.
PATIENCE_SECONDS = 20.0

SMALL_JOB = Job(Recipe("small", (Variant("w80", (Slot.WEBP,), width=80),)), Limits())
# The first file is done at once, and each AVIF takes a hundred times as long.
SLOW_JOB = Job(
    Recipe(
        "slow",
        tuple(
            Variant(
                f"w{width}",
                (Slot.AVIF, Slot.FALLBACK),
                width=width,
                effort={Codec.JPEG: 0, Codec.AVIF: 2},
            )
            for width in (800, 640)
        ),
    ),
    Limits(),
)
SLOW_SIZE = (800, 600)
QUICKEST: dict[str, int] = {
    Codec.AVIF: 0,
    Codec.WEBP: 0,
    Codec.JPEG: 0,
    Codec.PNG: 1,
    Codec.GIF: 1,
}
# Also crops, and draws a watermark: six files.
EVERY_SLOT_JOB = Job(
    Recipe(
        "every slot",
        (
            Variant("w24", tuple(Slot), width=24, effort=QUICKEST),
            Variant("square", tuple(Slot), 20, 20, fit=Fit.COVER, effort=QUICKEST),
        ),
        watermark=Watermark("logo.png"),
    ),
    Limits(),
)


def flat_png(size: tuple[int, int]) -> bytes:
    """Return a black PNG: a small file that takes much memory."""
    buffer = io.BytesIO()
    Image.new("1", size).save(buffer, "PNG")
    return buffer.getvalue()


def rendered(child: RenderChild, source: bytes, job: Job = SMALL_JOB) -> DoneFrame:
    """Render as the worker does: it stops iterating at the last reply."""
    for reply in child.render(source, job, time_limit_seconds=PATIENCE_SECONDS):
        if isinstance(reply, DoneFrame):
            return reply
    raise AssertionError("a child's answers end with DoneFrame")


def files(child: RenderChild, source: bytes, job: Job = SMALL_JOB) -> list[VariantFrame]:
    """Return every file's frame."""
    replies = child.render(source, job, time_limit_seconds=PATIENCE_SECONDS)
    return [reply[0] for reply in replies if not isinstance(reply, DoneFrame)]


def environment(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with."""
    entries = _proc(pid, "environ").decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def command_line(pid: int) -> list[str]:
    return _proc(pid, "cmdline").decode().split("\0")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(_proc(pid, "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken, to ten milliseconds."""
    # The fields after the command's name, which is in brackets: man 5 proc_pid_stat.
    fields = _proc(pid, "stat").rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bounds(pid: int) -> dict[str, str]:
    """Return the soft limit of each of a process's resources, as the kernel writes it."""
    rows = _proc(pid, "limits").decode().splitlines()[1:]
    return {row[:26].strip(): row[26:].split()[0] for row in rows}


def ends(pid_descriptor: int) -> bool:
    """Return whether a process ends within `PATIENCE_SECONDS`."""
    poll = select.poll()
    poll.register(pid_descriptor, select.POLLIN)
    return bool(poll.poll(PATIENCE_SECONDS * 1000))


def _proc(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()
