"""Separates the metadata of a WebP: RFC 9649, section 2.7."""

from collections.abc import Iterator

from shared.imaging.formats.containers import (
    RIFF_CHUNK_HEAD_BYTES,
    RIFF_HEADER_BYTES,
    webp_chunks,
)
from shared.imaging.metadata.ranges import joined

EXIF, XMP = b"EXIF", b"XMP "
ALPHA = b"ALPH"  # codespell:ignore alph
NEEDED = frozenset({b"VP8X", b"ICCP", b"ANIM", b"ANMF", ALPHA, b"VP8 ", b"VP8L"})
RIFF_NAME_BYTES, RIFF_PREFIX_BYTES = 4, 8


def without_metadata(data: bytes) -> bytes:
    """Return the file without metadata, unknown chunks, and what follows its end."""
    declared = _declared(data)
    kept = joined(declared, _kept(declared))
    if kept is declared:
        return declared
    size = (len(kept) - RIFF_PREFIX_BYTES).to_bytes(4, "little")
    return kept[:RIFF_NAME_BYTES] + size + kept[RIFF_PREFIX_BYTES:]


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the first EXIF and the first XMP; empty if there is none."""
    exif, xmp = b"", b""
    for name, start, end in webp_chunks(_declared(data)):
        if name == EXIF:
            exif = exif or data[start:end]
        elif name == XMP:
            xmp = xmp or data[start:end]
    return exif, xmp


def _declared(data: bytes) -> bytes:
    """Return the file up to the end that it declares; `data` itself if nothing follows."""
    size = int.from_bytes(data[RIFF_NAME_BYTES:RIFF_PREFIX_BYTES], "little")
    return data[: RIFF_PREFIX_BYTES + size]


def _kept(data: bytes) -> Iterator[tuple[int, int]]:
    yield 0, RIFF_HEADER_BYTES
    for name, start, end in webp_chunks(data):
        if name in NEEDED:
            yield start - RIFF_CHUNK_HEAD_BYTES, end + (end - start) % 2
