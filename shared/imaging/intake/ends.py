"""Whether a file reaches its end: it tells a damaged file from one that was cut off.

An upload that stops half-way leaves no end, and damage in the middle leaves it. Decoders report
both alike.
"""

from itertools import islice

from shared.imaging.formats import heif_boxes
from shared.imaging.formats.jpeg_segments import END_OF_IMAGE, MAX_SEGMENTS, segments
from shared.imaging.formats.tiff_directory import BAD_OFFSET, first_directory

# PNG, third edition, section 11.2.5: an empty chunk.
PNG_END = b"\0\0\0\0IEND"
JPEG_END = b"\xff\xd9"
# Files of these that are shorter than they declare were refused before: `truncation`.
COMPARED_BEFORE = frozenset({"gif", "webp"})
# One of them lists the pictures.
HEIF_INDEXES = frozenset({b"meta", b"moov"})


def reaches_end(name: str, data: bytes) -> bool | None:
    """Return whether a file of a format has its end; `None` if the format has no end marker."""
    if name in COMPARED_BEFORE:
        return True
    if name == "png":
        return PNG_END in data
    if name == "tiff":
        return _tiff_reaches_end(data)
    if name == "jpeg":
        return _jpeg_reaches_end(data)
    return _heif_reaches_end(data) if name in {"avif", "heic"} else None


def _tiff_reaches_end(data: bytes) -> bool:
    try:
        first = first_directory(data)
    except BAD_OFFSET:
        return False
    return all(field.at + first.bytes_of(tag) <= len(data) for tag, field in first.fields.items())


def _heif_reaches_end(data: bytes) -> bool:
    listed = list(heif_boxes.boxes(data, 0, len(data)))
    has_index = any(box.kind in HEIF_INDEXES for box in listed)
    return has_index and all(box.end <= len(data) for box in listed)


def _jpeg_reaches_end(data: bytes) -> bool:
    """Look at the end, where zeros may follow, and then at the markers.

    A thumbnail in the metadata has an end as well, which the markers of the picture skip.
    """
    if data.rstrip(b"\0").endswith(JPEG_END):
        return True
    listed = islice(segments(data), MAX_SEGMENTS)
    return any(segment.marker == END_OF_IMAGE for segment in listed)
