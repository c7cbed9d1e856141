"""Separates the metadata of an AVIF or a HEIC: ISO/IEC 23008-12, annex A."""

from shared.imaging.formats import heif_boxes, heif_items, heif_sequence
from shared.imaging.formats.exif import PREAMBLE, UPRIGHT, read_orientation
from shared.imaging.formats.heif_items import Item
from shared.imaging.formats.heif_properties import BROKEN, ItemGraph

# Coded and derived images; libheif reads all other items as metadata. Items may share one content,
# so that 30 of them in 1 MB took 900 MB.
IMAGES = frozenset({b"av01", b"hvc1", b"grid", b"iden", b"iovl"})
EXIF, MIME, XMP_TYPE = b"Exif", b"mime", b"application/rdf+xml"
DESCRIBES, ORIENTATIONS, MIAF = b"cdsc", frozenset({b"irot", b"imir"}), b"miaf"
SKIPPED = b"free"
OFFSET_BYTES = 4


def without_metadata(data: bytes) -> bytes:
    """Return the file with all entries of items that are not images renamed to free space.

    So is a sequence beside a still image. Nothing moves, so all offsets stay valid.
    """
    skipped = (item.name_at for item in heif_items.items(data) if item.kind not in IMAGES)
    names = heif_sequence.hidden(data) | dict.fromkeys(skipped, SKIPPED)
    if not names:
        return data
    changed = bytearray(data)
    for at, name in names.items():
        changed[at : at + len(name)] = name
    return bytes(changed)


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the first EXIF and the first XMP; empty if there is none."""
    listed = list(heif_items.items(data))
    exif = next((item for item in listed if item.kind == EXIF), None)
    xmp = next((item for item in listed if _is_xmp(item)), None)
    return _tiff(_content(data, exif)), _content(data, xmp)


def orientation(data: bytes) -> int:
    """Return the orientation of a HEIC that has it in its EXIF alone, from 1 to 8.

    By the standard, EXIF turns no picture, and MIAF forbids it to. But Samsung's and Fujifilm's
    cameras wrote no other orientation, and Apple's viewers follow it unless a file has MIAF's
    brand, as the files of libheif have: docs/recipes.md has the sources.
    """
    try:
        graph = ItemGraph.read(data)
    except BROKEN:
        return UPRIGHT  # the decoder reports what is wrong
    is_turned = any(each.box.kind in ORIENTATIONS for each in graph.of(graph.primary))
    if is_turned or heif_boxes.has_brand(data, MIAF):
        return UPRIGHT
    described = {
        each.source
        for each in graph.references
        if each.kind == DESCRIBES and each.target == graph.primary
    }
    listed = heif_items.items(data)
    exif = next((each for each in listed if each.kind == EXIF and each.number in described), None)
    return read_orientation(_tiff(_content(data, exif)))


def _is_xmp(item: Item) -> bool:
    return item.kind == MIME and item.content_type == XMP_TYPE


def _content(data: bytes, item: Item | None) -> bytes:
    return heif_items.content(data, item.number) if item else b""


def _tiff(exif: bytes) -> bytes:
    """Return EXIF without the offset of its TIFF header, A.2.1."""
    rest = exif[OFFSET_BYTES:]
    skipped = int.from_bytes(exif[:OFFSET_BYTES], "big")
    return rest if rest.startswith(PREAMBLE) else rest[skipped:]
