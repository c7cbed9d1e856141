"""Writes the height of a JPEG into its header, if its writer did not know it yet.

Such a writer puts 0 there, and a DNL segment after the first scan: ITU-T T.81, sections B.2.2 and
B.2.5. Scanners that pull paper through do so, and libjpeg refuses their files.
"""

from collections.abc import Iterator
from itertools import islice

from shared.imaging.formats.jpeg_segments import (
    MAX_SEGMENTS,
    START_OF_SCAN,
    Segment,
    header_segments,
    segments,
)
from shared.model.errors import Corrupt

# Table B.1: all from SOF0 to SOF15 but DHT, JPG and DAC.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
DEFINE_LINES = 0xDC
NUMBER_BYTES = 2
# From the marker on: a frame header has a length and a precision before them, DNL only a length.
HEIGHT_AT, WIDTH_AT, LINES_AT = 5, 7, 4
STAGE = "probe"


def with_height(data: bytes) -> bytes:
    """Return the file with its height in the frame header, and without DNL.

    It is `data` itself if the height is there. Raises `Corrupt` if it is nowhere, or if the width
    is 0.
    """
    frame = next((each for each in header_segments(data) if each.marker in FRAMES), None)
    if frame is None or min(frame.end, len(data)) < frame.start + WIDTH_AT + NUMBER_BYTES:
        return data  # the decoder reports what is wrong
    if not _number(data, frame.start + WIDTH_AT):
        raise Corrupt("Expected a JPEG with a width, got a width of 0.", stage=STAGE)
    height_at = frame.start + HEIGHT_AT
    if _number(data, height_at):
        return data
    lines = next(_after_first_scan(data), None)
    if lines is None or lines.marker != DEFINE_LINES or not _number(data, lines.start + LINES_AT):
        raise Corrupt(
            "Expected the height of a JPEG in its header or after its first scan, got none.",
            stage=STAGE,
        )
    height = data[lines.start + LINES_AT : lines.start + LINES_AT + NUMBER_BYTES]
    view = memoryview(data)
    before, between = view[:height_at], view[height_at + NUMBER_BYTES : lines.start]
    return b"".join((before, height, between, view[lines.end :]))


def _after_first_scan(data: bytes) -> Iterator[Segment]:
    has_scan = False
    for segment in islice(segments(data), MAX_SEGMENTS):
        if has_scan:
            yield segment
        has_scan = has_scan or segment.marker == START_OF_SCAN


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + NUMBER_BYTES], "big")
