"""The time and the files of one round of work, of the engine or of sharp."""

import os
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.bench.problem import CannotBench

STAT = Path("/proc/stat")
# user, nice, system, idle, iowait, irq, softirq, steal: https://docs.kernel.org/filesystems/proc.html
BUSY_FIELDS = (0, 1, 2, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class File:
    """One encoded file."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Round:
    """The files of each picture in the order given, and the seconds that all of them took."""

    seconds: float
    cpu_seconds: float
    files: tuple[tuple[File, ...], ...] = ()
    others_cores: float = 0.0


class OtherProcesses:
    """Measures how many cores other processes use during a round; 0 where that is unknown."""

    def __init__(self) -> None:
        self._wall, self._busy = time.perf_counter(), _busy_seconds()

    def cores(self, own_cpu_seconds: float) -> float:
        """Return the cores that other processes have used since this object was created."""
        wall = time.perf_counter() - self._wall
        return max(0.0, (_busy_seconds() - self._busy - own_cpu_seconds) / wall)


def require_same_pictures(ours: Round, theirs: Round) -> None:
    """Raise `CannotBench` unless both have equally many files of equal sizes, all readable.

    Heights may differ by a pixel, because a rung made from a larger rung is rounded differently.
    """
    for mine, other in zip(ours.files, theirs.files, strict=True):
        sizes, others = _sizes(mine), _sizes(other)
        if len(sizes) != len(others) or not all(map(_alike, sizes, others)):
            raise CannotBench(f"Expected files of {sizes} from sharp, got {others}.")
        for file in other:
            require_readable(file)


def require_readable(file: File) -> None:
    """Raise `CannotBench` unless Pillow decodes the file, with the expected size."""
    try:
        with Image.open(BytesIO(file.data)) as image:
            image.load()
            size = image.size
    except OSError as error:
        raise CannotBench(f"Expected a readable file, got {error}.") from error
    if size != (file.width, file.height):
        raise CannotBench(f"Expected {file.width}x{file.height}, got {size[0]}x{size[1]}.")


def _sizes(made: tuple[File, ...]) -> list[tuple[int, int]]:
    return sorted((file.width, file.height) for file in made)


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] == other[0] and abs(one[1] - other[1]) <= 1


def _busy_seconds() -> float:
    if not STAT.exists():
        return 0.0
    fields = STAT.read_text().split(maxsplit=11)[1:]
    return sum(int(fields[at]) for at in BUSY_FIELDS) / os.sysconf("SC_CLK_TCK")
