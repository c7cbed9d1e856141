"""Separates the metadata of an AVIF or a HEIC: ISO/IEC 23008-12, annex A."""

from shared.imaging.formats import heif_items
from shared.imaging.formats.exif import PREAMBLE
from shared.imaging.formats.heif_items import Item

# Coded and derived images; libheif reads all other items as metadata. Items may share one content,
# so that 30 of them in 1 MB took 900 MB.
IMAGES = frozenset({b"av01", b"hvc1", b"grid", b"iden", b"iovl"})
EXIF, MIME, XMP_TYPE = b"Exif", b"mime", b"application/rdf+xml"
SKIPPED = b"free"
OFFSET_BYTES = 4


def without_metadata(data: bytes) -> bytes:
    """Return the file with all entries of items that are not images renamed to free space.

    Nothing moves, so all offsets stay valid.
    """
    places = [item.name_at for item in heif_items.items(data) if item.kind not in IMAGES]
    if not places:
        return data
    changed = bytearray(data)
    for at in places:
        changed[at : at + len(SKIPPED)] = SKIPPED
    return bytes(changed)


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the first EXIF and the first XMP; empty if there is none."""
    listed = list(heif_items.items(data))
    exif = next((item for item in listed if item.kind == EXIF), None)
    xmp = next((item for item in listed if _is_xmp(item)), None)
    return _tiff(_content(data, exif)), _content(data, xmp)


def _is_xmp(item: Item) -> bool:
    return item.kind == MIME and item.content_type == XMP_TYPE


def _content(data: bytes, item: Item | None) -> bytes:
    return heif_items.content(data, item.number) if item else b""


def _tiff(exif: bytes) -> bytes:
    """Return EXIF without the offset of its TIFF header, A.2.1."""
    rest = exif[OFFSET_BYTES:]
    skipped = int.from_bytes(exif[:OFFSET_BYTES], "big")
    return rest if rest.startswith(PREAMBLE) else rest[skipped:]
