"""Breaks image files; the same numbers break them in the same way."""

from dataclasses import dataclass
from enum import Enum

from tests.imaging import part_edits
from tests.imaging.part_edits import AWKWARD, LARGEST, WHERE, share_of

HEAD_BYTES = 200


def _cut_short(data: bytes, where: int, _value: int) -> bytes:
    return data[: share_of(where, len(data))]


def _with_a_bit_flipped(data: bytes, where: int, value: int) -> bytes:
    at = share_of(where, len(data))
    return data[:at] + bytes([data[at] ^ 1 << value % 8]) + data[at + 1 :] if data else data


def _with_a_bit_flipped_in_the_head(data: bytes, where: int, value: int) -> bytes:
    head = _with_a_bit_flipped(data[:HEAD_BYTES], where, value)
    return head + data[HEAD_BYTES:]


def _with_a_run_overwritten(data: bytes, where: int, value: int) -> bytes:
    at, length = share_of(where, len(data)), 1 + value % 64
    return data[:at] + bytes([value >> 8 & 0xFF]) * length + data[at + length :]


def _with_an_awkward_number(data: bytes, where: int, value: int) -> bytes:
    """Write an extreme length, count or dimension somewhere into the head of a file."""
    numbers = (*AWKWARD, *LARGEST)
    number, size = numbers[value % len(numbers)], (1, 2, 3, 4)[value >> 8 & 3]
    at = share_of(where, min(len(data), HEAD_BYTES))
    order = "big" if value >> 10 & 1 else "little"
    field = (number % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type] # a word
    return data[:at] + field + data[at + size :]


def _twice(data: bytes, _where: int, _value: int) -> bytes:
    return data + data


def _with_bytes_between(data: bytes, where: int, value: int) -> bytes:
    at = share_of(where, len(data))
    return data[:at] + value.to_bytes(4, "big") * (1 + value % 4) + data[at:]


def _without_bytes_between(data: bytes, where: int, value: int) -> bytes:
    at = share_of(where, len(data))
    return data[:at] + data[at + 1 + value % 64 :]


class Change(Enum):
    """The ways in which a file is broken."""

    CUT_SHORT = (_cut_short,)
    BIT_FLIPPED = (_with_a_bit_flipped,)
    HEAD_FLIPPED = (_with_a_bit_flipped_in_the_head,)
    OVERWRITTEN = (_with_a_run_overwritten,)
    AWKWARD_NUMBER = (_with_an_awkward_number,)
    SWAPPED = (part_edits.swapped,)
    DOUBLED = (part_edits.doubled,)
    DROPPED = (part_edits.dropped,)
    HIDDEN = (part_edits.hidden,)
    DAMAGED = (part_edits.damaged,)
    LENGTH = (part_edits.with_another_length,)
    RESIZED = (part_edits.resized,)
    EXTREME_NUMBER = (part_edits.with_an_extreme_number,)
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


class Splice(Enum):
    """The ways in which two files become one."""

    APPENDED = (lambda data, other, _where, _value: data + other,)
    HALVES = (
        lambda data, other, where, value: (
            data[: share_of(where, len(data))] + other[share_of(value % WHERE, len(other)) :]
        ),
    )
    PART_ADDED = (part_edits.with_a_part_of,)
    PART_REPLACED = (part_edits.with_a_part_replaced_by_one_of,)

    def __call__(self, data: bytes, other: bytes, where: int, value: int) -> bytes:
        return bytes(self.value[0](data, other, where, value))
