"""Checks the structure of HEVC data in a file: ITU-T H.265, section 7.4.2; ISO/IEC 14496-15, 8.3.

An HEVC decoder conceals what it cannot read. But encoders never write three zeros in a row into a
unit, so that zeroed data show, and the lengths of the units lead to the end of the data.
"""

import re
from collections.abc import Iterator

# Lengths have one, two or four bytes: the lowest two bits of a byte of the configuration.
LENGTH_SIZE_AT, LENGTH_SIZE_BITS = 21, 0b11
HEADER_BYTES, FIRST_SLICE_BIT = 2, 0x80
SLICE_KINDS = range(32)
# Encoders write 0, 0, 3 instead of 0, 0 before a byte of 0 to 3, and nowhere else.
FORBIDDEN = re.compile(rb"\x00\x00(?:[\x00-\x02]|\x03[^\x00-\x03])", re.DOTALL)
# Some encoders fill up the last bytes of a unit or of the data.
MAX_PADDING = 32
# A picture has at most 600 slices.
MAX_UNITS = 10_000


def length_size(configuration: bytes) -> int:
    """Return how many bytes the length of a unit has; `IndexError` if it is not declared."""
    return (configuration[LENGTH_SIZE_AT] & LENGTH_SIZE_BITS) + 1


def what_is_missing(units: bytes, size: int) -> str:
    """Return in words what units of HEVC lack; empty if their structure is right.

    `size` is that of their lengths. At most `MAX_UNITS` are looked at.
    """
    has_slices = False
    for number, (start, end) in enumerate(_units(units, size)):
        if end > len(units):
            return "a unit that is longer than the data"
        if end - start <= HEADER_BYTES:
            return "" if _is_padding(units[start:]) else "zeros instead of a unit"
        filled = end - min(MAX_PADDING, end - start - len(units[start:end].rstrip(b"\0")))
        if FORBIDDEN.search(units, start, filled):
            return "zeros inside a unit"
        is_slice = units[start] >> 1 & 0x3F in SLICE_KINDS
        if is_slice and not has_slices and not units[start + HEADER_BYTES] & FIRST_SLICE_BIT:
            return "no first slice"
        has_slices |= is_slice
        if number >= MAX_UNITS:
            break
    return "" if has_slices else "no slice"


def _units(units: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Yield the offsets at which units begin and should end."""
    at = 0
    while at + size <= len(units):
        start = at + size
        at = start + int.from_bytes(units[at:start], "big")
        yield start, at


def _is_padding(rest: bytes) -> bool:
    return len(rest) <= MAX_PADDING and not rest.strip(b"\0")
