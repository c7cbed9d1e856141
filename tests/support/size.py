"""The number of cases in the longest tests.

PIXFLEET_TEST_SIZE is `push` (the default), `nightly`, or a whole number N for N times the nightly
size. PIXFLEET_TEST_SEED repeats a run that was larger than a push; without it such a run takes a
new seed, and pytest's header shows it.
"""

import os
import secrets
from dataclasses import dataclass, fields

from shared.model.limits import MEBIBYTE, Limits

SIZE_VARIABLE = "PIXFLEET_TEST_SIZE"
SEED_VARIABLE = "PIXFLEET_TEST_SEED"
PUSH = "push"
NIGHTLY = "nightly"
SEED_BITS = 32
PUSH_LIMIT_MEGABYTES = 200


@dataclass(frozen=True, slots=True)
class Size:
    """The numbers of cases in one run, and the seed of its random choices."""

    schedules: int
    fuzz_cases: int
    damaged_jpegs: int
    backfill_images: int
    memory_images: int
    fleet_workers: int
    limit_megabytes: int
    """The memory limit for which the largest images are made: small ones are quick."""
    scored_width: int
    """The width, in pixels, of the part of a rung whose quality is compared."""
    seed: int

    @property
    def is_long(self) -> bool:
        """Return whether tables are tried as a whole."""
        return self.limit_megabytes > PUSH_LIMIT_MEGABYTES

    def __str__(self) -> str:
        """Return the numbers in one line, for pytest's header."""
        return ", ".join(
            f"{field.name.replace('_', ' ')} {getattr(self, field.name)}" for field in fields(self)
        )


def read_size(name: str, seed: int) -> Size:
    """Return the size with this name; raise `ValueError` if there is none."""
    if name == PUSH:
        # The same cases everywhere.
        return Size(2_000, 1_100, 200, 500, 400, 12, PUSH_LIMIT_MEGABYTES, 512, seed=0)
    times = 1 if name == NIGHTLY else int(name)
    return Size(
        10_000 * times,
        10_000 * times,
        1_000 * times,
        5_000 * times,
        2_000 * times,
        100 * times,
        Limits().memory_bytes // MEBIBYTE,
        960,
        seed,
    )


SIZE_NAME = os.environ.get(SIZE_VARIABLE) or PUSH
# Set in the environment, which the workers of pytest-xdist inherit: all must have the same seed.
SIZE = read_size(
    SIZE_NAME,
    int(os.environ.setdefault(SEED_VARIABLE, str(secrets.randbits(SEED_BITS)))),
)
