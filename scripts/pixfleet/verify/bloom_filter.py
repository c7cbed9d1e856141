"""Remembers which keys a sweep has met, in a memory that does not grow."""

from collections.abc import Iterator
from hashlib import blake2b
from secrets import token_bytes

BITS = 1 << 28  # 32 MB
HASHES = 4


class Seen:
    """A Bloom filter: a key that was added is always known again.

    Of those that were not, one in some 2,700 is taken for known with ten million keys in it. Which
    ones is another matter each time, by the salt: what one sweep passes over, the next one finds.
    """

    def __init__(self, *, bits: int = BITS) -> None:
        self._bits = bytearray(bits // 8)
        self._mask = bits - 1
        self._salt = token_bytes(16)

    def add(self, key: str) -> None:
        """Remember a key."""
        for at in self._places(key):
            self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, key: str) -> bool:
        return all(self._bits[at >> 3] & (1 << (at & 7)) for at in self._places(key))

    def _places(self, key: str) -> Iterator[int]:
        digest = blake2b(key.encode(), digest_size=4 * HASHES, salt=self._salt).digest()
        return (
            int.from_bytes(digest[start : start + 4]) & self._mask
            for start in range(0, len(digest), 4)
        )
