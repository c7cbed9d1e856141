"""Reads runners and their render children from the process table."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.e2e.processes import RENDER_CHILD

KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the table."""

    pid: int
    parent: int
    resident_bytes: int
    command: str


def process_table() -> Mapping[int, Process]:
    """Return every process of this machine by its process ID."""
    ps = shutil.which("ps")
    assert ps, "the soak needs ps to find render children and their memory: install procps"
    answer = subprocess.run(
        [ps, "-axww", "-o", "pid=,ppid=,rss=,command="], capture_output=True, text=True, check=True
    )
    rows = (line.split(maxsplit=3) for line in answer.stdout.splitlines())
    return {
        int(pid): Process(int(pid), int(parent), int(resident) * KIBIBYTE, command)
        # A process that is exiting may have no command.
        for pid, parent, resident, command in (row for row in rows if len(row) == 4)
    }


def children_of(parent: int, table: Mapping[int, Process]) -> Sequence[Process]:
    """Return a runner's render children."""
    return [
        each for each in table.values() if each.parent == parent and RENDER_CHILD in each.command
    ]
