"""The program of the virtual machine: probes and renders in locked children, and prints a report.

python -m tests.trixie.guest FOLDER      with one source in each file, and `watermark`
"""

import fcntl
import json
import os
import platform
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame
from shared.imaging.sandbox.lock import Lock
from shared.model.errors import DecoderCrash
from shared.model.limits import Limits
from tests.imaging.children import EVERY_SLOT_JOB
from tests.imaging.hosted_child import HostedChild
from tests.imaging.probes import ABORT, EVERY_CALL, PROBES, Targets

REPORT = "REPORT "
WATERMARK = "watermark"
# Emulated, everything takes twenty times as long.
SECONDS = 200.0
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # man 7 netdevice


def main(sources: Path) -> None:
    """Print one line: `REPORT`, and a JSON document."""
    _start_loopback()
    sibling = RenderChild(Limits().memory_bytes)
    locked, unlocked = HostedChild(), HostedChild(*Lock)
    for child in (sibling, locked, unlocked):
        child.await_ready(time_limit_seconds=SECONDS)
    report = {
        "machine": platform.machine(),
        "locks": locked.await_ready().locks,
        "locks_hidden": unlocked.await_ready().locks,
        "slots": _slots(sibling, sources),
        "calls": locked.outcome(EVERY_CALL, _targets("calls", sibling)),
        "locked": _outcomes(locked, sibling),
        "unlocked": _outcomes(unlocked, sibling),
        "aborted": _abort(locked, sibling),
    }
    sys.stdout.write(f"\n{REPORT}{json.dumps(report)}\n")


def _outcomes(child: HostedChild, sibling: RenderChild) -> Mapping[str, str]:
    return {
        probe: child.outcome(probe, _targets(f"{child.pid}-{number}", sibling))
        for number, probe in enumerate(PROBES)
    }


def _targets(name: str, sibling: RenderChild) -> Targets:
    folder = Path("/tmp", name)  # noqa: S108 - nobody else is in this machine
    folder.mkdir()
    for each in ("credentials", "first", "second"):
        (folder / each).write_text("aws_secret_access_key = EXAMPLE")
    return Targets(str(folder), os.getpid(), os.getppid(), sibling.pid)


def _slots(child: RenderChild, sources: Path) -> Mapping[str, list[str]]:
    watermark = (sources / WATERMARK).read_bytes()
    return {
        source.name: [
            reply[0].slot.value
            for reply in child.render(
                source.read_bytes(),
                EVERY_SLOT_JOB,
                time_limit_seconds=SECONDS,
                watermark=watermark,
            )
            if not isinstance(reply, DoneFrame)
            for _ in reply[0].variants
        ]
        for source in sorted(sources.iterdir())
        if source.name != WATERMARK
    }


def _abort(child: HostedChild, sibling: RenderChild) -> str:
    try:
        child.send(ABORT, _targets("abort", sibling))
    except DecoderCrash as crash:
        return crash.detail
    return ""


def _start_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        fcntl.ioctl(opened, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
