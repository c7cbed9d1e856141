"""A set of keys in a fixed amount of memory, which may contain a few keys too many."""

from collections.abc import Iterator
from hashlib import blake2b
from secrets import token_bytes

HASHES = 4
SALT_BYTES = 16


class BloomFilter:
    """A Bloom filter: contains every key that was added, and a few others.

    With ten million keys in 2^28 bits, it contains one other key in about 2,700. A random salt
    makes these others differ from audit to audit: what one audit misses, the next one finds.
    """

    def __init__(self, *, bits: int) -> None:
        self._bits = bytearray(bits // 8)
        self._mask = bits - 1
        self._salt = token_bytes(SALT_BYTES)

    @classmethod
    def of(cls, data: bytes) -> "BloomFilter":
        """Return the filter that `data` has returned."""
        found = cls(bits=8)
        found._salt, found._bits = data[:SALT_BYTES], bytearray(data[SALT_BYTES:])
        found._mask = 8 * len(found._bits) - 1
        return found

    def data(self) -> bytes:
        """Return the salt and the bits."""
        return self._salt + self._bits

    def add(self, key: str) -> None:
        """Add a key."""
        for at in self._positions(key):
            self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, key: str) -> bool:
        return all(self._bits[at >> 3] & (1 << (at & 7)) for at in self._positions(key))

    def _positions(self, key: str) -> Iterator[int]:
        digest = blake2b(key.encode(), digest_size=4 * HASHES, salt=self._salt).digest()
        return (
            int.from_bytes(digest[start : start + 4]) & self._mask
            for start in range(0, len(digest), 4)
        )
