"""The source of all choices of a schedule: bytes, of which zero chooses the harmless outcome.

hypothesis shrinks a schedule by writing zeros, so only the choices that matter remain.
"""

from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

BYTES = 256


class Tape:
    """Bytes that are read once; after the end, every byte is zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.is_off = False

    @property
    def is_over(self) -> bool:
        """Return whether only zeros remain."""
        return self.is_off or self._at >= len(self._data)

    def draw(self) -> int:
        """Return the next byte."""
        at = self._at
        if self.is_off or at >= len(self._data):
            return 0
        self._at = at + 1
        return self._data[at]

    def chance(self, of_256: int) -> bool:
        """Return true for this many of the 256 values of a byte; never for zero."""
        return self.draw() >= BYTES - of_256

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of the options; the first for a zero byte."""
        return choices[self.draw() % len(choices)]
