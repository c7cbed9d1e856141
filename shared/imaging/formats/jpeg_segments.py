"""Iterates over the segments of a JPEG: ITU-T T.81, annex B."""

import re
from collections.abc import Iterator
from typing import NamedTuple

START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN = 0xD8, 0xD9, 0xDA
MARKER_BYTES, MIN_LENGTH = 2, 2
# Cameras write a few hundred. A file with more before its first scan is refused as a bomb.
MAX_SEGMENTS = 10_000
# Inside a scan, 0xFF is followed by 0 or by a restart marker: B.1.1.2 and B.1.1.5. Restart markers
# and TEM (1) have no length, and libjpeg skips them everywhere. Only the last of several 0xFF
# counts: a pattern for all would be tried again at each of them, so that 40 KB took ten seconds.
NEXT_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
WITHOUT_LENGTH = frozenset({START_OF_IMAGE, END_OF_IMAGE})
HEADER_ENDS = WITHOUT_LENGTH | {START_OF_SCAN}


class Segment(NamedTuple):
    """One segment: its marker's code, the offset of the marker, and that of the segment's end."""

    marker: int
    start: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments as libjpeg finds them: bytes that belong to no segment are skipped.

    The data of a scan follows its segment. The last segment may end beyond the file. The caller
    must bound the iteration.
    """
    at = MARKER_BYTES
    while match := NEXT_MARKER.search(data, at):
        marker, at = match[1][0], match.end()
        start = at - MARKER_BYTES
        if marker not in WITHOUT_LENGTH:
            at += max(MIN_LENGTH, int.from_bytes(data[at : at + MIN_LENGTH], "big"))
        yield Segment(marker, start, at)


def header_segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to the first scan's, or to a marker that ends the header early."""
    for segment in segments(data):
        yield segment
        if segment.marker in HEADER_ENDS:
            return
