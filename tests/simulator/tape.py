"""Where all choices of a schedule come from: one tape of bytes, of which zero is the benign one.

So hypothesis shrinks a schedule by writing zeros, and what is left is what went wrong.
"""

from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

BYTES = 256


class Tape:
    """Bytes, read once; a tape that has come to its end gives zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.is_off = False

    @property
    def is_over(self) -> bool:
        """Say whether nothing but zeros is to come."""
        return self.is_off or self._at >= len(self._data)

    def draw(self) -> int:
        """Return the next byte."""
        at = self._at
        if self.is_off or at >= len(self._data):
            return 0
        self._at = at + 1
        return self._data[at]

    def chance(self, of_256: int) -> bool:
        """Say yes so many times of 256; never for a zero."""
        return self.draw() >= BYTES - of_256

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of them; the first for a zero."""
        return choices[self.draw() % len(choices)]
