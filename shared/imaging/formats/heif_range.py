"""Reads which planes of an AVIF or a HEIC are of limited range, and stay so in decoders.

libheif stretches colours, and libvips grey of an AVIF; no library stretches alpha.
"""

from shared.imaging.formats import av1, heif_items, hevc
from shared.imaging.formats.heif_alpha import alpha_of_primary, with_first_tile
from shared.imaging.formats.heif_boxes import Box
from shared.imaging.formats.heif_properties import BROKEN, COLOURS, NUMBERS, ItemGraph

HEVC = b"hvcC"
# In `colr`: the flag of full range follows the type and three numbers. In `hvcC`: the two lowest
# bits of this byte are 0 for grey.
RANGE_AT, FULL_RANGE = 10, 0x80
CHROMA_AT, CHROMA, GREY = 16, 3, 0


def is_alpha_limited(data: bytes) -> bool:
    """Return whether the alpha of the primary image is of limited range.

    As in browsers, the sequence header of AV1 decides, whatever the item's `colr` says.
    """
    try:
        graph = ItemGraph.read(data)
        alpha = alpha_of_primary(data, graph)
        if alpha is None:
            return False
        *_, coded = with_first_tile(alpha.item, graph)
        configuration = _property(graph, coded, HEVC)
        if configuration is None:
            return av1.is_limited_range(heif_items.content(data, coded))
        return _is_hevc_limited(data, graph, alpha.item, configuration)
    except BROKEN:
        return False  # the decoder reports what is wrong


def is_grey_limited(data: bytes) -> bool:
    """Return whether the primary image of a HEIC is grey of limited range."""
    try:
        graph = ItemGraph.read(data)
        *_, coded = with_first_tile(graph.primary, graph)
        configuration = _property(graph, coded, HEVC)
        if configuration is None or data[configuration.start + CHROMA_AT] & CHROMA != GREY:
            return False
        return _is_hevc_limited(data, graph, graph.primary, configuration)
    except BROKEN:
        return False  # as above


def _is_hevc_limited(data: bytes, graph: ItemGraph, item: int, configuration: Box) -> bool:
    """Return what the item's `colr` says, or without one its sequence parameters."""
    for _, box in graph.of(item):
        if box.kind == COLOURS and data[box.start : box.start + 4] == NUMBERS:
            return not data[box.start + RANGE_AT] & FULL_RANGE
    return hevc.is_limited_range(data[configuration.start : configuration.end])


def _property(graph: ItemGraph, item: int, kind: bytes) -> Box | None:
    return next((box for _, box in graph.of(item) if box.kind == kind), None)
