"""The peak of this process's resident memory."""

import os
from pathlib import Path

STATUS = Path("/proc/self/status")
STATUS_BYTES = 16 * 1024
KIBIBYTE = 1024


class PeakMemory:
    """Reads the peak from a file that stays open, because a locked process can open none."""

    def __init__(self) -> None:
        self._descriptor = os.open(STATUS, os.O_RDONLY) if STATUS.exists() else None

    def read_bytes(self) -> int:
        """Return the peak since the start of this program; 0 where there is no /proc.

        Not `ru_maxrss`, which a child inherits from its parent: man 2 getrusage, man 5 proc.
        """
        if self._descriptor is None:
            return 0
        lines = os.pread(self._descriptor, STATUS_BYTES, 0).decode().splitlines()
        peaks = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return KIBIBYTE * next(peaks, 0)
