"""Finds out whether the images that make up the primary image of an AVIF or a HEIC lack data.

Decoders conceal what they cannot read, and leave missing tiles of a grid grey.
ISO/IEC 23008-12, section 6.6.2; ISO/IEC 14496-12, section 8.11.3.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from shared.imaging.formats import heif_items, hevc_units
from shared.imaging.formats.heif_alpha import TILES, alpha_of_primary
from shared.imaging.formats.heif_boxes import (
    FILE_OFFSET,
    MAX_COUNTED,
    Location,
    locations,
    meta_box,
)
from shared.imaging.formats.heif_properties import BROKEN, ItemGraph

HEVC, AV1, CONFIGURATION = b"hvc1", b"av01", b"hvcC"
# Items may share their data, which are read this many times at most.
MAX_READ = 4
Extents = Sequence[Location]


def what_is_missing(data: bytes) -> str:
    """Return in words what the primary image, its tiles or its alpha lack; empty if nothing.

    Files with broken lists of items are left to the decoder.
    """
    try:
        graph = ItemGraph.read(data)
        kinds = {item.number: item.kind for item in heif_items.items(data)}
        extents = _extents(data)
        coded = [item for item in _needed(data, graph) if kinds.get(item) in {HEVC, AV1}]
        if not all(extents.get(item) for item in coded):
            return "an image without data"
        found = (
            _missing_in_hevc(data, graph, item, extents[item])
            for item in _bounded(coded, extents, MAX_READ * len(data))
            if kinds[item] == HEVC
        )
        return next(filter(None, found), "")
    except BROKEN:
        return ""


def _needed(data: bytes, graph: ItemGraph) -> Iterator[int]:
    """Yield the primary image, its alpha, and all images from which they are derived."""
    derived: dict[int, list[int]] = {}
    for kind, source, target in graph.references:
        if kind == TILES:
            derived.setdefault(source, []).append(target)
    alpha = alpha_of_primary(data, graph)
    waiting, seen = [graph.primary, *([alpha.item] if alpha else [])], set[int]()
    while waiting:
        item = waiting.pop()
        if item not in seen:
            seen.add(item)
            waiting += derived.get(item, ())
            yield item


def _extents(data: bytes) -> Mapping[int, Extents]:
    """Return the extents of each item that have bytes."""
    found: dict[int, list[Location]] = {}
    for location in islice(locations(data, meta_box(data)), MAX_COUNTED):
        if location.size:
            found.setdefault(location.item, []).append(location)
    return found


def _bounded(coded: Sequence[int], extents: Mapping[int, Extents], most: int) -> Iterator[int]:
    """Yield items until they have `most` bytes together."""
    for item in coded:
        most -= sum(each.size for each in extents[item])
        if most < 0:
            return
        yield item


def _missing_in_hevc(data: bytes, graph: ItemGraph, item: int, extents: Extents) -> str:
    box = next((box for _, box in graph.of(item) if box.kind == CONFIGURATION), None)
    if box is None or any(each.method != FILE_OFFSET for each in extents):
        return ""  # no decoder can read it, or it is inside `meta`
    units = b"".join(data[each.start : each.start + each.size] for each in extents)
    return hevc_units.what_is_missing(units, hevc_units.length_size(data[box.start : box.end]))
