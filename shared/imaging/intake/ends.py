"""Finds out whether a file reaches its end: a damaged file does, one that was cut off does not.

An upload that stops half-way leaves no end, and damage in the middle leaves it. Decoders report
both alike.
"""

from collections.abc import Callable
from itertools import islice

from shared.imaging.formats import heif_boxes
from shared.imaging.formats.containers import IMAGE, gif_blocks
from shared.imaging.formats.jpeg_segments import END_OF_IMAGE, MAX_SEGMENTS, segments
from shared.imaging.formats.tiff_directory import BAD_OFFSET, first_directory

# PNG, third edition, section 11.2.5: an empty chunk.
PNG_END = b"\0\0\0\0IEND"
JPEG_END = b"\xff\xd9"
# The end of the last image's data, and the trailer.
GIF_END = b"\0\x3b"
# One of them lists the pictures.
HEIF_INDEXES = frozenset({b"meta", b"moov"})


def reaches_end(name: str, data: bytes) -> bool | None:
    """Return whether a file of a format has its end; `None` if the format has no end marker.

    `data` is a file that `truncation` has not refused.
    """
    check = _CHECKS.get(name)
    return check(data) if check else None


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


def _gif_reaches_end(data: bytes) -> bool:
    """Walk the blocks. The trailer may be missing, but not the first image."""
    try:
        has_image = IMAGE in {kind for kind, _, _ in gif_blocks(data)}
    except IndexError:
        has_image = False
    return has_image or data.endswith(GIF_END)


def _jpeg_reaches_end(data: bytes) -> bool:
    """Look at the end, where zeros may follow, and then at the markers.

    A thumbnail in the metadata has an end as well, which the markers of the picture skip.
    """
    if data.rstrip(b"\0").endswith(JPEG_END):
        return True
    listed = islice(segments(data), MAX_SEGMENTS)
    return any(segment.marker == END_OF_IMAGE for segment in listed)


_CHECKS: dict[str, Callable[[bytes], bool]] = {
    "avif": _heif_reaches_end,
    "gif": _gif_reaches_end,
    "heic": _heif_reaches_end,
    "jpeg": _jpeg_reaches_end,
    "png": lambda data: PNG_END in data,
    "tiff": _tiff_reaches_end,
    "webp": lambda _: True,  # shorter ones than they declare were refused before
}
