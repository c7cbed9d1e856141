"""Reads the numbers of video headers, which are not aligned to bytes."""

MAX_ZEROS = 32


class Bits:
    """Reads numbers bit by bit; `IndexError` after the last bit."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, count: int = 1) -> int:
        """Read a number of so many bits, the highest first."""
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def golomb(self) -> int:
        """Read an Exp-Golomb number: H.265, section 9.2, and `uvlc` of AV1, section 4.10.3.

        That is zeros, a one, and as many bits as there were zeros. Raises `ValueError` for more
        than 32 zeros.
        """
        zeros = 0
        while not self.read():
            zeros += 1
            if zeros > MAX_ZEROS:
                raise ValueError(f"Expected a number of at most {MAX_ZEROS} bits.")
        return (1 << zeros) - 1 + self.read(zeros)

    def skip_golombs(self, count: int) -> None:
        """Skip so many numbers of `golomb`; signed ones have as many bits."""
        for _ in range(count):
            self.golomb()
