"""Counts and hides the image sequence of an AVIF or a HEIC: ISO/IEC 14496-12, section 8.

A file may have a sequence beside a still image, and Pixfleet renders the still image only. libheif
reads both, and refuses the still image for mistakes of the sequence.
"""

import struct
from collections.abc import Iterator
from itertools import islice

from shared.imaging.formats.heif_boxes import Box, boxes, has_still_image

SEQUENCE, SKIPPED = b"moov", b"free"
# Brands by which libheif expects a sequence, and those of still images: ISO/IEC 23008-12, annex B,
# and https://aomediacodec.github.io/av1-avif/.
STILL_BRANDS = {
    b"avis": b"avif",
    b"hevc": b"heic",
    b"hevm": b"heim",
    b"hevs": b"heis",
    b"hevx": b"heix",
    b"msf1": b"mif1",
}
BRAND_BYTES, MAX_BRANDS = 4, 64
# 8.4.3: the handlers of images and of film. Alpha planes and sound have others.
HANDLERS = frozenset({b"pict", b"vide"})
HANDLER_AT = 8
# 8.7.3: version and flags, the size of every sample or 0, and how many there are.
SIZES_FIELDS = struct.Struct(">4xII")
COMPACT_FIELDS = struct.Struct(">4x3xBI")
SIZE_BITS = 32
# Encoders write one track, two with alpha, three with sound.
MAX_TRACKS, MAX_BOXES = 16, 64


def frame_count(data: bytes) -> int:
    """Return how many frames the longest sequence of a file has; 0 if it has none.

    A sequence with more frames than the file has bytes for is none.
    """
    tracks = list(islice(_within(data, Box(b"", 0, len(data)), b"moov", b"trak"), MAX_TRACKS))
    return max((_frames(data, track) for track in tracks), default=0)


def hidden(data: bytes) -> dict[int, bytes]:
    """Return what hides the sequence beside a still image: other names by their offset.

    Nothing moves, so all offsets in the file stay valid.
    """
    top = list(boxes(data, 0, len(data)))
    names = {_name_at(data, box): SKIPPED for box in top if box.kind == SEQUENCE}
    if not names or not has_still_image(data):
        return {}
    for brands in (box for box in top[:1] if box.kind == b"ftyp"):
        end = min(brands.end, brands.start + MAX_BRANDS * BRAND_BYTES, len(data))
        for at in range(brands.start, end, BRAND_BYTES):
            brand = data[at : at + BRAND_BYTES]
            names[at] = STILL_BRANDS.get(brand, brand)
    return names


def _name_at(data: bytes, box: Box) -> int:
    """Return the offset of a box's name: after a size of four bytes, or before one of eight."""
    return box.start - (4 if data[box.start - 4 : box.start] == box.kind else 12)


def _frames(data: bytes, track: Box) -> int:
    handlers = (box.start + HANDLER_AT for box in _within(data, track, b"mdia", b"hdlr"))
    if not any(data[at : at + 4] in HANDLERS for at in handlers):
        return 0
    path = (b"mdia", b"minf", b"stbl")
    for sizes in _within(data, track, *path, b"stsz"):
        return _declared(data, sizes, SIZES_FIELDS, SIZE_BITS)
    for sizes in _within(data, track, *path, b"stz2"):
        return _declared(data, sizes, COMPACT_FIELDS, 0)
    return 0


def _declared(data: bytes, sizes: Box, fields: struct.Struct, bits: int) -> int:
    """Return the number of samples, whose sizes have so many bits, or as many as a field says."""
    if sizes.start + fields.size > min(sizes.end, len(data)):
        return 0
    first, count = fields.unpack_from(data, sizes.start)
    listed_bytes = min(sizes.end, len(data)) - sizes.start - fields.size
    if bits and first:  # all samples have this size
        most = len(data) // first
    else:
        most = 8 * listed_bytes // (bits or first or SIZE_BITS)
    return int(count) if count <= min(most, len(data)) else 0


def _within(data: bytes, parent: Box, *path: bytes) -> Iterator[Box]:
    """Yield the boxes on a path of kinds below a box; none ends after its parent."""
    if not path:
        yield parent
        return
    for box in islice(boxes(data, parent.start, parent.end), MAX_BOXES):
        if box.kind == path[0]:
            inner = Box(box.kind, box.start, min(box.end, parent.end))
            yield from _within(data, inner, *path[1:])
