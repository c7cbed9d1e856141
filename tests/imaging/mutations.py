"""Breaks image files; the same numbers break them in the same way."""

import zlib
from dataclasses import dataclass
from enum import Enum

from tests.imaging.parts import parts

WHERE = 1 << 16
HEAD_BYTES = 200
AWKWARD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 1 << 16, 1 << 24)
LARGEST = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def _at(where: int, end: int) -> int:
    """Return an offset before `end`, at a share in 65,536ths."""
    return where * max(0, end) // WHERE


def _cut_short(data: bytes, where: int, _value: int) -> bytes:
    return data[: _at(where, len(data))]


def _with_a_bit_flipped(data: bytes, where: int, value: int) -> bytes:
    at = _at(where, len(data))
    return data[:at] + bytes([data[at] ^ 1 << value % 8]) + data[at + 1 :] if data else data


def _with_a_bit_flipped_in_the_head(data: bytes, where: int, value: int) -> bytes:
    head = _with_a_bit_flipped(data[:HEAD_BYTES], where, value)
    return head + data[HEAD_BYTES:]


def _with_a_run_overwritten(data: bytes, where: int, value: int) -> bytes:
    at, length = _at(where, len(data)), 1 + value % 64
    return data[:at] + bytes([value >> 8 & 0xFF]) * length + data[at + length :]


def _with_an_awkward_number(data: bytes, where: int, value: int) -> bytes:
    """Write an extreme length, count or dimension somewhere into the head of a file."""
    numbers = (*AWKWARD, *LARGEST)
    number, size = numbers[value % len(numbers)], (1, 2, 3, 4)[value >> 8 & 3]
    at = _at(where, min(len(data), HEAD_BYTES))
    order = "big" if value >> 10 & 1 else "little"
    field = (number % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type] # a word
    return data[:at] + field + data[at + size :]


def _with_two_parts_swapped(data: bytes, where: int, value: int) -> bytes:
    found = parts(data)
    one, other = _at(where, len(found)), value % len(found)
    found[one], found[other] = found[other], found[one]
    return b"".join(found)


def _with_a_part_twice(data: bytes, where: int, value: int) -> bytes:
    found = parts(data)
    found.insert(value % len(found), found[_at(where, len(found))])
    return b"".join(found)


def _without_a_part(data: bytes, where: int, _value: int) -> bytes:
    found = parts(data)
    del found[_at(where, len(found))]
    return b"".join(found)


def _with_a_part_damaged(data: bytes, where: int, value: int) -> bytes:
    """Flip a bit of one part; a PNG chunk also gets a valid checksum, so that it is read."""
    found = parts(data)
    at = _at(where, len(found))
    part = found[at]
    if data[:4] == b"\x89PNG" and len(part) > 12:
        inside = _with_a_bit_flipped(part[8:-4], value >> 3 & 0xFFFF, value)
        checksum = zlib.crc32(part[4:8] + inside).to_bytes(4, "big")
        part = part[:8] + inside + checksum
    else:
        part = _with_a_bit_flipped(part, value >> 3 & 0xFFFF, value)
    return b"".join([*found[:at], part, *found[at + 1 :]])


def _twice(data: bytes, _where: int, _value: int) -> bytes:
    return data + data


def _with_bytes_between(data: bytes, where: int, value: int) -> bytes:
    at = _at(where, len(data))
    return data[:at] + value.to_bytes(4, "big") * (1 + value % 4) + data[at:]


def _without_bytes_between(data: bytes, where: int, value: int) -> bytes:
    at = _at(where, len(data))
    return data[:at] + data[at + 1 + value % 64 :]


class Change(Enum):
    """The ways in which a file is broken."""

    CUT_SHORT = (_cut_short,)
    BIT_FLIPPED = (_with_a_bit_flipped,)
    HEAD_FLIPPED = (_with_a_bit_flipped_in_the_head,)
    OVERWRITTEN = (_with_a_run_overwritten,)
    AWKWARD_NUMBER = (_with_an_awkward_number,)
    SWAPPED = (_with_two_parts_swapped,)
    DOUBLED = (_with_a_part_twice,)
    DROPPED = (_without_a_part,)
    DAMAGED = (_with_a_part_damaged,)
    TWICE = (_twice,)
    INSERTED = (_with_bytes_between,)
    REMOVED = (_without_bytes_between,)

    def __call__(self, data: bytes, where: int, value: int) -> bytes:
        return bytes(self.value[0](data, where, value))


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change; `where` is a share of the file in 65,536ths, `value` its other parameter."""

    change: Change
    where: int
    value: int

    def apply(self, data: bytes) -> bytes:
        """Return the broken file; an empty file stays empty."""
        return self.change(data, self.where, self.value) if data else data
