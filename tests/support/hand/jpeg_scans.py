"""Sequential JPEGs with any sampling factors, written block by block: ITU-T T.81, annexes A and F.

Pillow and libvips write three of the many samplings.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.support.hand.jpeg import segment

CODE_BITS = 8
DC_SYMBOLS = tuple(range(12))
END_OF_BLOCK, SIXTEEN_ZEROS = 0x00, 0xF0
AC_SYMBOLS = (
    SIXTEEN_ZEROS,
    END_OF_BLOCK,
    *(run << 4 | bits for run in range(16) for bits in range(1, 11)),
)
COEFFICIENTS = 64


@dataclass(frozen=True, slots=True)
class Block:
    """A block: the difference of its first coefficient, and others by their place, 1 to 63."""

    difference: int = 0
    others: Mapping[int, int] = field(default_factory=dict)

    @property
    def bits(self) -> str:
        """Return the block's codes, in the tables of this module."""
        size = abs(self.difference).bit_length()
        text, last = _code(DC_SYMBOLS, size) + _number(self.difference), 0
        for place, value in sorted(self.others.items()):
            zeros, run = divmod(place - last - 1, 16)
            text += _code(AC_SYMBOLS, SIXTEEN_ZEROS) * zeros
            text += _code(AC_SYMBOLS, run << 4 | abs(value).bit_length()) + _number(value)
            last = place
        return text if last == COEFFICIENTS - 1 else text + _code(AC_SYMBOLS, END_OF_BLOCK)


def _code(symbols: Sequence[int], symbol: int) -> str:
    return f"{symbols.index(symbol):0{CODE_BITS}b}"


def _number(value: int) -> str:
    bits = abs(value).bit_length()
    return f"{value if value > 0 else value + (1 << bits) - 1:0{bits}b}" if bits else ""


def packed(bits: str) -> bytes:
    """Return the bytes of a scan's bits: padded with ones, and zeros after each 0xFF."""
    bits += "1" * (-len(bits) % 8)
    data = int(bits or "0", 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")


def generator(seed: int) -> Random:
    """Return random numbers that are the same for the same seed."""
    return Random(seed)  # noqa: S311 - test data


def random_block(random: Random) -> Block:
    """Return a block of a picture without strong contrasts."""
    places = random.sample(range(1, COEFFICIENTS), random.choice((0, 1, 3, 9, 30, 63)))
    others = {place: random.choice((-9, -2, -1, 1, 1, 2, 30)) for place in places}
    return Block(random.randint(-3, 3), others)


def table(kind: int, symbols: Sequence[int]) -> bytes:
    counts = [len(symbols) if bits == CODE_BITS else 0 for bits in range(1, 17)]
    return segment(0xC4, bytes([kind, *counts, *symbols]))


TABLES = table(0x00, DC_SYMBOLS) + table(0x10, AC_SYMBOLS)


@dataclass(frozen=True, slots=True)
class Layout:
    """Width and height in pixels, and the sampling factors of each component."""

    width: int
    height: int
    factors: tuple[tuple[int, int], ...] = ((1, 1),)

    @property
    def mcus(self) -> int:
        """Return the MCUs of a scan of all components."""
        across, down = self._most
        if len(self.factors) == 1:
            return self.blocks(0)
        return -(-self.width // (8 * across)) * -(-self.height // (8 * down))

    @property
    def _most(self) -> tuple[int, int]:
        return max(a for a, _ in self.factors), max(d for _, d in self.factors)

    def blocks(self, component: int) -> int:
        """Return the blocks of a component in a scan of its own."""
        across, down = self._most
        own_across, own_down = self.factors[component]
        columns = -(-self.width * own_across // (8 * across))
        return columns * -(-self.height * own_down // (8 * down))

    def blocks_of_mcu(self) -> int:
        return 1 if len(self.factors) == 1 else sum(a * d for a, d in self.factors)

    def head(self, *, restart: int = 0, frame: int = 0xC0, bits: int = 8) -> bytes:
        """Return everything before the first scan."""
        parts = b"".join(
            bytes([number, across << 4 | down, 0])
            for number, (across, down) in enumerate(self.factors, 1)
        )
        content = struct.pack(">BHHB", bits, self.height, self.width, len(self.factors)) + parts
        interval = segment(0xDD, struct.pack(">H", restart)) if restart else b""
        quantisation = segment(0xDB, bytes([0]) + bytes([1] * COEFFICIENTS))
        return b"\xff\xd8" + quantisation + TABLES + segment(frame, content) + interval

    def scan(self, data: bytes, components: Iterable[int] = ()) -> bytes:
        """Return a scan of all components, or of the named ones."""
        numbers = tuple(components) or tuple(range(1, len(self.factors) + 1))
        parts = b"".join(bytes([number, 0]) for number in numbers)
        return segment(0xDA, bytes([len(numbers)]) + parts + bytes([0, 63, 0])) + data

    def interleaved(self, random: Random, *, restart: int = 0) -> bytes:
        """Return a file of random blocks in one scan."""
        each = self.blocks_of_mcu()
        mcus = ["".join(random_block(random).bits for _ in range(each)) for _ in range(self.mcus)]
        interval = restart or len(mcus)
        parts = [
            packed("".join(mcus[start : start + interval]))
            for start in range(0, len(mcus), interval)
        ]
        data = parts[0]
        for number, part in enumerate(parts[1:]):
            data += bytes([0xFF, 0xD0 + number % 8]) + part
        return self.head(restart=restart) + self.scan(data) + b"\xff\xd9"

    def separate(self, random: Random) -> bytes:
        """Return a file of random blocks with a scan for each component."""
        scans = b""
        for number in range(len(self.factors)):
            blocks = [random_block(random).bits for _ in range(self.blocks(number))]
            scans += self.scan(packed("".join(blocks)), [number + 1])
        return self.head() + scans + b"\xff\xd9"
