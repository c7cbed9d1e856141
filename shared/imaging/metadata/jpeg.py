"""Separates the metadata of a JPEG: ITU-T T.81, annex B, and the APPn segments of others.

EXIF: https://www.cipa.jp/std/documents/e/DC-X008-Translation-2023-E.pdf, section 4.7.2. XMP: ISO
16684-3, section 5.1.4.
"""

from collections.abc import Iterator

from shared.imaging.formats.exif import is_exif
from shared.imaging.formats.jpeg_segments import HEADER_ENDS, Segment, header_segments
from shared.imaging.metadata.ranges import joined

MARKER_BYTES, SEGMENT_HEAD_BYTES = 2, 4
APP0, APP1, APP2, APP14, APP15, COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
APPLICATION = range(APP0, APP15 + 1)
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
# Without them libjpeg would guess the colour space, and libvips would miss the profile.
NEEDED = {APP0: (b"JFIF\0", b"JFXX\0"), APP2: (b"ICC_PROFILE\0",), APP14: (b"Adobe",)}


def without_metadata(data: bytes) -> bytes:
    """Return the file without metadata, and without stray bytes between its segments.

    Without the stray bytes, libjpeg cannot find other segments than `header_segments` does.
    """
    return joined(data, _kept(data, with_scans=True))


def header_without_metadata(data: bytes) -> bytes:
    """Return the part of `without_metadata` before the first scan's data.

    It is enough to open the image. libvips copies what it opens, and many megabytes take as long
    as all other checks.
    """
    return joined(data, _kept(data, with_scans=False))


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the first EXIF and the first XMP; empty if there is none."""
    exif, xmp = b"", b""
    for segment in header_segments(data):
        if segment.marker != APP1:
            continue
        content = _content(data, segment, EXIF)
        exif = exif or (content if is_exif(content) else b"")
        xmp = xmp or _content(data, segment, XMP)
    return exif, xmp


def _kept(data: bytes, *, with_scans: bool) -> Iterator[tuple[int, int]]:
    yield 0, MARKER_BYTES
    for segment in header_segments(data):
        if segment.marker in HEADER_ENDS:
            yield segment.start, len(data) if with_scans else segment.end
        elif _is_needed(data, segment):
            yield segment.start, segment.end


def _is_needed(data: bytes, segment: Segment) -> bool:
    if segment.marker == COMMENT:
        return False
    names = NEEDED.get(segment.marker, ())
    is_named = data.startswith(names, segment.start + SEGMENT_HEAD_BYTES) if names else False
    return is_named or segment.marker not in APPLICATION


def _content(data: bytes, segment: Segment, name: bytes) -> bytes:
    """Return what follows the name of a segment; empty if the segment has another name."""
    start = segment.start + SEGMENT_HEAD_BYTES
    return data[start + len(name) : segment.end] if data.startswith(name, start) else b""
