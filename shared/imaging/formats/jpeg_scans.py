"""Finds out whether the scans of a JPEG bring every coefficient: ITU-T T.81, annexes B and G.

A progressive file that ends early between two scans decodes without a warning, only less sharp.
"""

from itertools import islice
from typing import NamedTuple

from shared.imaging.formats.jpeg_repair import COMPONENTS_AT, FRAMES, HEAD_BYTES, PROGRESSIVE
from shared.imaging.formats.jpeg_segments import MAX_SEGMENTS, START_OF_SCAN, segments

COEFFICIENTS = 64
FRAME_COMPONENTS_AT, FRAME_COMPONENT_BYTES = COMPONENTS_AT + 1, 3
SCAN_COMPONENTS_AT, SCAN_COMPONENT_BYTES = 1, 2


class Scan(NamedTuple):
    """The components of a scan, and the coefficients that it brings to full precision."""

    components: bytes
    final: range


def is_complete(data: bytes) -> bool:
    """Return whether no scan is missing; also true for a file without a frame header."""
    missing: dict[int, set[int]] = {}
    is_progressive = False
    for marker, start, _ in islice(segments(data), MAX_SEGMENTS):
        at = start + HEAD_BYTES
        if marker in FRAMES:
            is_progressive = marker == PROGRESSIVE
            missing = {each: set(range(COEFFICIENTS)) for each in _frame_components(data, at)}
        elif marker == START_OF_SCAN:
            scan = _scan(data, at, is_progressive=is_progressive)
            for each in scan.components:
                missing.get(each, set[int]()).difference_update(scan.final)
            if not any(missing.values()):
                return True
    return not any(missing.values())


def _frame_components(data: bytes, at: int) -> bytes:
    count = int.from_bytes(data[at + COMPONENTS_AT : at + FRAME_COMPONENTS_AT], "big")
    first = at + FRAME_COMPONENTS_AT
    return data[first : first + FRAME_COMPONENT_BYTES * count : FRAME_COMPONENT_BYTES]


def _scan(data: bytes, at: int, *, is_progressive: bool) -> Scan:
    count = int.from_bytes(data[at : at + SCAN_COMPONENTS_AT], "big")
    spectrum_at = at + SCAN_COMPONENTS_AT + SCAN_COMPONENT_BYTES * count
    components = data[at + SCAN_COMPONENTS_AT : spectrum_at : SCAN_COMPONENT_BYTES]
    first, last, approximation = data[spectrum_at : spectrum_at + 3].ljust(3, b"\xff")
    if not is_progressive:
        return Scan(components, range(COEFFICIENTS))
    is_final = approximation & 0x0F == 0  # the low four bits: the point transform Al
    return Scan(components, range(first, last + 1) if is_final else range(0))
