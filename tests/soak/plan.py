"""What is done to the sources, and in which order: the same for the same numbers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tests.support import images


class Kind(StrEnum):
    """What can be done to one source; all but the first need one that was there before."""

    DROP = "dropped"
    REPLACE = "replaced"
    SPOIL = "corrupt"
    DELETE = "deleted"
    UNDELETE = "undeleted"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done to one key; `number` makes its bytes different from all others."""

    kind: Kind
    key: str
    number: int


# How often each happens, beside every image that is dropped.
SHARES = {Kind.REPLACE: 0.12, Kind.SPOIL: 0.03, Kind.DELETE: 0.08, Kind.UNDELETE: 0.03}
SMALLEST, LARGEST = 64, 200  # pixels

Wave = Sequence[Act]


def plan(images_in_all: int, waves: int, *, seed: int = 1) -> Sequence[Wave]:
    """Return waves that drop so many images between them, and do to some of them all else."""
    planner = _Planner(random.Random(seed))  # noqa: S311 - not a secret
    ends = [images_in_all * wave // waves for wave in range(waves + 1)]
    return [planner.wave(after - before) for before, after in pairwise(ends)]


def bytes_of(act: Act) -> bytes:
    """Return what is put for a drop, a replacement or a spoiling."""
    span = LARGEST - SMALLEST
    size = (SMALLEST + act.number * 37 % span, SMALLEST + act.number * 53 % span)
    if act.kind is Kind.SPOIL:
        if act.number % 2:
            return images.truncated_jpeg(size, seed=act.number)
        return f"This is no image, and it is number {act.number}.".encode()
    make = (images.jpeg, images.jpeg, images.png, images.webp)[act.number % 4]
    return make(size, seed=act.number)


class _Planner:
    """Knows which keys are there, so that everything that is planned can be done."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._number = 0
        self._there: list[str] = []
        self._gone: list[str] = []

    def wave(self, images_in_wave: int) -> Wave:
        acts = []
        for _ in range(images_in_wave):
            acts.append(self._drop())
            happening = (kind for kind, share in SHARES.items() if self._chance.random() < share)
            acts += [act for kind in happening if (act := self._done_to_some(kind))]
        return acts

    def _drop(self) -> Act:
        act = self._act(Kind.DROP, f"soak/{self._number:06d}")
        self._there.append(act.key)
        return act

    def _done_to_some(self, kind: Kind) -> Act | None:
        """Return what is done to a key of the last few or of all: both hurries and long waits."""
        among = self._gone if kind is Kind.UNDELETE else self._there
        if not among:
            return None
        first = max(0, len(among) - 10) if self._chance.random() < 0.5 else 0
        at = self._chance.randrange(first, len(among))
        key = among[at]
        if kind in {Kind.DELETE, Kind.UNDELETE}:
            other = self._there if kind is Kind.UNDELETE else self._gone
            other.append(among.pop(at))
        return self._act(kind, key)

    def _act(self, kind: Kind, key: str) -> Act:
        self._number += 1
        return Act(kind, key, self._number)
