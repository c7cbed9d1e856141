"""Measures the memory of the runner that is not killed, over the images that it has made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.soak.processes import Process, children_of

MEBIBYTE = 1024 * 1024
# The share of the images that is left out at the beginning, while caches and pools grow.
WARM_UP = 0.3
MIN_IMAGES = 500
MIN_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident bytes of a runner and of its largest child after a number of images."""

    images: int
    runner_bytes: int
    child_bytes: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory at the beginning and at the end, in MB, and its slope in MB per thousand images.

    The slope is None if too few images were made to tell a leak from a growing cache.
    """

    start: float
    end: float
    slope: float | None


def sample(pid: int, images: int, table: Mapping[int, Process]) -> Sample | None:
    """Return a sample of a runner, or None if it has no child yet."""
    children = children_of(pid, table)
    if pid not in table or not children:
        return None
    largest = max(child.resident_bytes for child in children)
    return Sample(images, table[pid].resident_bytes, largest)


def growth(points: Sequence[tuple[int, int]]) -> Growth:
    """Return the growth over pairs of images made and resident bytes."""
    if not points:
        return Growth(0, 0, None)
    most = points[-1][0]
    warm = [(images, size) for images, size in points if images >= WARM_UP * most] or points
    is_enough = len(warm) >= MIN_SAMPLES and most - warm[0][0] >= MIN_IMAGES
    return Growth(
        start=round(warm[0][1] / MEBIBYTE, 1),
        end=round(warm[-1][1] / MEBIBYTE, 1),
        slope=round(_slope(warm) * 1000 / MEBIBYTE, 2) if is_enough else None,
    )


def _slope(points: Sequence[tuple[int, int]]) -> float:
    """Return bytes per image by least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
