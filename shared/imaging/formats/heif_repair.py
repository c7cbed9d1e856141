"""Repairs AVIF and HEIC files that libheif would refuse, or show in another way than browsers.

Colour numbers that H.273 does not list become "unspecified", because libheif refuses a HEIC for
them. And alpha gets the orientation and the crop of its picture if it lacks them: libheif turns
picture and alpha one by one, as each item says. Browsers turn the picture with its
alpha: https://github.com/AOMediaCodec/libavif gives one orientation for both.
"""

import struct
from collections.abc import Sequence
from itertools import chain

from shared.imaging.formats.heif_alpha import alpha_of_primary
from shared.imaging.formats.heif_boxes import Box, boxes, child
from shared.imaging.formats.heif_properties import BROKEN, COLOURS, NUMBERS, ItemGraph, Property

CROP, SIZE = b"clap", b"ispe"
# In the order of ISO/IEC 23000-22, section 7.3.6.7.
TRANSFORMATIONS = (CROP, b"irot", b"imir")
# ITU-T H.273 (07/2024), tables 2, 3 and 4: primaries, transfers and matrices.
KNOWN_NUMBERS = (
    frozenset({1, 2, *range(4, 13), 22}),
    frozenset({1, 2, *range(4, 19)}),
    frozenset({0, 1, 2, *range(4, 15)}),
)
UNSPECIFIED, NUMBERS_BYTES = 2, 10
HEAD_BYTES, VERSION_BYTES = 8, 4
ESSENTIAL = 0x8000
VERSION_AND_FLAGS = 0x0100_0001  # numbers of four bytes, and places of two


def repaired(data: bytes) -> bytes:
    """Return the file with known colour numbers, and with alpha that is turned like its picture.

    A new `meta` is written after the old file, so that no offset changes.
    """
    try:
        graph = ItemGraph.read(data)
        known = _with_known_numbers(data, graph)
        return _with_turned_alpha(known, graph)
    except BROKEN:
        return data  # the decoder reports what is wrong


def _with_known_numbers(data: bytes, graph: ItemGraph) -> bytes:
    changes = {}
    listed = chain.from_iterable(graph.properties.values())
    for box in {each.place: each.box for each in listed}.values():
        content = data[box.start : min(box.end, box.start + NUMBERS_BYTES)]
        if box.kind == COLOURS and content.startswith(NUMBERS) and len(content) == NUMBERS_BYTES:
            said = struct.unpack_from(">3H", content, len(NUMBERS))
            known = tuple(map(_known, said, KNOWN_NUMBERS))
            if known != said:
                changes[box.start + len(NUMBERS)] = known
    if not changes:
        return data
    changed = bytearray(data)
    for at, numbers in changes.items():
        struct.pack_into(">3H", changed, at, *numbers)
    return bytes(changed)


def _known(number: int, numbers: frozenset[int]) -> int:
    return number if number in numbers else UNSPECIFIED


def _with_turned_alpha(data: bytes, graph: ItemGraph) -> bytes:
    alpha = alpha_of_primary(data, graph)
    if alpha is None:
        return data
    of_picture, of_alpha = graph.of(alpha.picture), graph.of(alpha.item)
    wanted = _with_missing(data, of_picture, of_alpha)
    return data if wanted == of_alpha else _rewritten(data, alpha.item, wanted)


def _with_missing(
    data: bytes, of_picture: Sequence[Property], of_alpha: Sequence[Property]
) -> list[Property]:
    """Return the properties of the alpha, with the transformations that only the picture has."""
    own = _transformations(of_alpha)
    missing = {
        kind: each for kind, each in _transformations(of_picture).items() if kind not in own
    }
    if _content(data, of_picture, SIZE) != _content(data, of_alpha, SIZE):
        missing.pop(CROP, None)  # it counts pixels of the picture
    if not missing:
        return list(of_alpha)
    described = [each for each in of_alpha if each.box.kind not in TRANSFORMATIONS]
    merged = own | missing
    return described + [merged[kind] for kind in TRANSFORMATIONS if kind in merged]


def _transformations(listed: Sequence[Property]) -> dict[bytes, Property]:
    return {each.box.kind: each for each in listed if each.box.kind in TRANSFORMATIONS}


def _content(data: bytes, listed: Sequence[Property], kind: bytes) -> bytes:
    found = next((each.box for each in listed if each.box.kind == kind), None)
    return data[found.start : found.end] if found else b""


def _rewritten(data: bytes, item: int, listed: Sequence[Property]) -> bytes:
    """Return the file with other properties of one item; the same file if it is unusual."""
    outer = list(boxes(data, 0, len(data)))
    meta = next(box for box in outer if box.kind == b"meta")
    parent = child(data, Box(b"", meta.start + VERSION_BYTES, meta.end), b"iprp")
    is_usual = _has_short_head(data, meta) and _has_short_head(data, parent)
    if not is_usual or parent.end > meta.end or outer[-1].end > len(data):
        return data
    # libheif takes the first of several associations of an item.
    added = _association(item, listed)
    changed = bytearray(data[: outer[-1].end])
    _set_length(changed, outer[-1])
    start, inner = meta.start - HEAD_BYTES, parent.start - HEAD_BYTES
    changed[start + 4 : meta.start] = b"free"
    changed += _head(meta, len(added)) + data[meta.start : inner]
    changed += _head(parent, len(added)) + added + data[parent.start : meta.end]
    return bytes(changed)


def _has_short_head(data: bytes, box: Box) -> bool:
    return data[box.start - HEAD_BYTES : box.start] == _head(box)


def _head(box: Box, added_bytes: int = 0) -> bytes:
    return struct.pack(">I4s", box.end - box.start + HEAD_BYTES + added_bytes, box.kind)


def _set_length(changed: bytearray, last: Box) -> None:
    """Write the length of a last box that goes on to the end of the file."""
    at = last.start - HEAD_BYTES
    if not any(changed[at : at + 4]):
        changed[at : last.start] = _head(last)


def _association(item: int, listed: Sequence[Property]) -> bytes:
    """Return an `ipma` of one item."""
    content = struct.pack(">IIIB", VERSION_AND_FLAGS, 1, item, len(listed))
    content += b"".join(struct.pack(">H", ESSENTIAL | place) for place, _ in listed)
    return struct.pack(">I4s", len(content) + HEAD_BYTES, b"ipma") + content
