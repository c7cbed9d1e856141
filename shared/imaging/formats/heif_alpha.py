"""Reads what libvips and libheif ignore of the alpha of an AVIF or a HEIC.

ISO/IEC 23008-12, section 6.5.8, and ISO/IEC 23000-22, section 7.3.5.2.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from shared.imaging.formats.heif_properties import BROKEN, ItemGraph, Property, Reference

AUXILIARY, PREMULTIPLIED, TILES = b"auxl", b"prem", b"dimg"
# A picture has few auxiliary images: alpha, depth, a gain map.
MAX_AUXILIARIES = 16
VERSION_BYTES, MAX_TYPE_BYTES = 4, 80
ALPHA_TYPES = frozenset(
    {b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"}
)


class Alpha(NamedTuple):
    """The items of an alpha plane and of the picture, or of its first tile, that it belongs to."""

    item: int
    picture: int


def alpha_of_primary(data: bytes, graph: ItemGraph) -> Alpha | None:
    """Return the alpha of the primary image; `None` if it has no alpha."""
    for picture in with_first_tile(graph.primary, graph):
        found = (
            each.source
            for each in graph.references
            if each.kind == AUXILIARY and each.target == picture
        )
        for item in islice(found, MAX_AUXILIARIES):
            if _is_alpha(data, graph.of(item)):
                return Alpha(item, picture)
    return None


def is_premultiplied(data: bytes) -> bool:
    """Return whether the primary image's colours are multiplied by its alpha."""
    try:
        graph = ItemGraph.read(data)
    except BROKEN:
        return False  # the decoder reports what is wrong
    alpha = alpha_of_primary(data, graph)
    if alpha is None:
        return False
    return Reference(PREMULTIPLIED, alpha.picture, alpha.item) in graph.references


def with_first_tile(item: int, graph: ItemGraph) -> Iterator[int]:
    """Yield an item, and the first of the items that it is derived from."""
    yield item
    derived = (
        each.target for each in graph.references if each.kind == TILES and each.source == item
    )
    yield from islice(derived, 1)


def _is_alpha(data: bytes, listed: Sequence[Property]) -> bool:
    box = next((box for _, box in listed if box.kind == b"auxC"), None)
    if box is None:
        return False
    start = box.start + VERSION_BYTES
    kind = data[start : min(box.end, start + MAX_TYPE_BYTES)].split(b"\0", 1)[0]
    return kind in ALPHA_TYPES
