"""Plans the actions on sources, in order; equal arguments give an equal plan."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tests.support import images


class Kind(StrEnum):
    """An action on one source; all but the first need a key that was uploaded before."""

    DROP = "dropped"
    REPLACE = "replaced"
    CORRUPT = "corrupt"
    DELETE = "deleted"
    UNDELETE = "undeleted"


@dataclass(frozen=True, slots=True)
class Action:
    """One action on one key; `number` makes the uploaded bytes unique."""

    kind: Kind
    key: str
    number: int


# The probability of each action, per uploaded image.
SHARES = {Kind.REPLACE: 0.12, Kind.CORRUPT: 0.03, Kind.DELETE: 0.08, Kind.UNDELETE: 0.03}
SMALLEST, LARGEST = 64, 200  # pixels

Wave = Sequence[Action]


def plan(images_in_all: int, waves: int, *, seed: int = 1) -> Sequence[Wave]:
    """Return waves that together upload so many images, with other actions between them."""
    planner = _Planner(random.Random(seed))  # noqa: S311 - not a secret
    ends = [images_in_all * wave // waves for wave in range(waves + 1)]
    return [planner.wave(after - before) for before, after in pairwise(ends)]


def bytes_of(action: Action) -> bytes:
    """Return the bytes that an action uploads."""
    span = LARGEST - SMALLEST
    size = (SMALLEST + action.number * 37 % span, SMALLEST + action.number * 53 % span)
    if action.kind is Kind.CORRUPT:
        if action.number % 2:
            return images.truncated_jpeg(size, seed=action.number)
        return f"This is no image, and it is number {action.number}.".encode()
    make = (images.jpeg, images.jpeg, images.png, images.webp)[action.number % 4]
    return make(size, seed=action.number)


class _Planner:
    """Tracks which keys exist, so that every planned action is possible."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._number = 0
        self._existing: list[str] = []
        self._deleted: list[str] = []

    def wave(self, images_in_wave: int) -> Wave:
        actions = []
        for _ in range(images_in_wave):
            actions.append(self._drop())
            chosen = (kind for kind, share in SHARES.items() if self._chance.random() < share)
            actions += [action for kind in chosen if (action := self._on_an_earlier_key(kind))]
        return actions

    def _drop(self) -> Action:
        action = self._act(Kind.DROP, f"soak/{self._number:06d}")
        self._existing.append(action.key)
        return action

    def _on_an_earlier_key(self, kind: Kind) -> Action | None:
        """Return an action on one of the last ten keys or of all, so that intervals vary."""
        among = self._deleted if kind is Kind.UNDELETE else self._existing
        if not among:
            return None
        first = max(0, len(among) - 10) if self._chance.random() < 0.5 else 0
        at = self._chance.randrange(first, len(among))
        key = among[at]
        if kind in {Kind.DELETE, Kind.UNDELETE}:
            other = self._existing if kind is Kind.UNDELETE else self._deleted
            other.append(among.pop(at))
        return self._act(kind, key)

    def _act(self, kind: Kind, key: str) -> Action:
        self._number += 1
        return Action(kind, key, self._number)
