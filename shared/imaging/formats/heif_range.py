"""Reads which AVIF and HEIC are grey, and which planes stay of limited range in decoders.

libheif stretches colours only, and neither grey nor alpha.
"""

from shared.imaging.formats import av1, heif_items, hevc
from shared.imaging.formats.heif_alpha import alpha_of_primary, with_first_tile
from shared.imaging.formats.heif_boxes import Box
from shared.imaging.formats.heif_properties import BROKEN, COLOURS, NUMBERS, ItemGraph

HEVC, AV1 = b"hvcC", b"av1C"
# In `colr`, the flag of full range follows the type and three numbers.
RANGE_AT, FULL_RANGE = 10, 0x80
# In `hvcC`, the two lowest bits of this byte are 0 for grey; in `av1C`, one bit says so:
# https://aomediacodec.github.io/av1-isobmff/, section 2.3.
CHROMA_AT, CHROMA, GREY = 16, 3, 0
FLAGS_AT, MONOCHROME = 2, 0x10


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
        declared = None if _property(graph, coded, AV1) else _declared(data, graph, alpha.item)
        return _is_coded_limited(data, graph, coded) if declared is None else declared
    except BROKEN:
        return False  # the decoder reports what is wrong


def is_grey(data: bytes) -> bool:
    """Return whether the primary image is grey, whatever bands libvips and pillow-heif give."""
    try:
        graph = ItemGraph.read(data)
        *_, coded = with_first_tile(graph.primary, graph)
        hevc_box, av1_box = _property(graph, coded, HEVC), _property(graph, coded, AV1)
        if hevc_box:
            return data[hevc_box.start + CHROMA_AT] & CHROMA == GREY
        return av1_box is not None and bool(data[av1_box.start + FLAGS_AT] & MONOCHROME)
    except BROKEN:
        return False  # as above


def is_grey_limited(data: bytes) -> bool:
    """Return whether the primary image, which is grey, is of limited range."""
    try:
        graph = ItemGraph.read(data)
        *_, coded = with_first_tile(graph.primary, graph)
        declared = _declared(data, graph, graph.primary)
        return _is_coded_limited(data, graph, coded) if declared is None else declared
    except BROKEN:
        return False  # as above


def _declared(data: bytes, graph: ItemGraph, item: int) -> bool | None:
    """Return whether the item's `colr` says that it is limited; `None` if it does not say."""
    for _, box in graph.of(item):
        if box.kind == COLOURS and data[box.start : box.start + 4] == NUMBERS:
            return not data[box.start + RANGE_AT] & FULL_RANGE
    return None


def _is_coded_limited(data: bytes, graph: ItemGraph, coded: int) -> bool:
    """Return what the headers of the coded image say."""
    configuration = _property(graph, coded, HEVC)
    if configuration:
        return hevc.is_limited_range(data[configuration.start : configuration.end])
    return av1.is_limited_range(heif_items.content(data, coded))


def _property(graph: ItemGraph, item: int, kind: bytes) -> Box | None:
    return next((box for _, box in graph.of(item) if box.kind == kind), None)
