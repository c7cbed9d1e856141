"""Separates the metadata of a PNG: https://www.w3.org/TR/png-3/, section 11.3."""

import zlib
from collections.abc import Iterator

from shared.imaging.formats.containers import CHECKSUM_BYTES, CHUNK_HEAD_BYTES, png_chunks
from shared.imaging.formats.png import colour_numbers
from shared.imaging.formats.xmp import MAX_BYTES
from shared.imaging.metadata.ranges import joined

SIGNATURE_BYTES = 8
EXIF, TEXT, PALETTE, PROFILE, END = b"eXIf", b"iTXt", b"PLTE", b"iCCP", b"IEND"
XMP_KEYWORD = b"XML:com.adobe.xmp\0"
# Of the chunks that a decoder may skip, only those that change how pixels look.
APPEARANCE = frozenset({b"tRNS", b"cICP", PROFILE, b"sRGB", b"gAMA", b"cHRM", b"sBIT"})
# 5.4: this bit of the first byte of a name tells whether a decoder may skip the chunk.
CAN_BE_SKIPPED = 0x20


def without_metadata(data: bytes) -> bytes:
    """Return the file without metadata, and without bytes after its end.

    Also without an embedded profile, if colour numbers take its place.
    """
    return joined(data, _kept(data))


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the first EXIF and the first XMP; empty if there is none."""
    exif, xmp = b"", b""
    for name, start, size in png_chunks(data):
        if name == EXIF:
            exif = exif or data[start : start + size]
        elif name == TEXT and data.startswith(XMP_KEYWORD, start):
            xmp = xmp or data[start + len(XMP_KEYWORD) : start + size]
        elif name == END:
            break
    # Inflated once: thousands of broken texts would take seconds.
    return exif, _text(xmp)


def _kept(data: bytes) -> Iterator[tuple[int, int]]:
    yield 0, SIGNATURE_BYTES
    once = {*APPEARANCE, PALETTE} - ({PROFILE} if colour_numbers(data) else set())
    for name, start, size in png_chunks(data):
        # libpng takes the first of equal chunks, and each further one costs a warning.
        if (not name[0] & CAN_BE_SKIPPED and name != PALETTE) or name in once:
            once.discard(name)
            yield start - CHUNK_HEAD_BYTES, start + size + CHECKSUM_BYTES
        if name == END:
            return


def _text(content: bytes) -> bytes:
    """Return the text of an iTXt chunk, without its keyword; empty if it is broken or too long."""
    is_compressed, rest = content[:1] == b"\1", content[2:]
    text = rest.split(b"\0", 2)[-1]  # after a language and a translated keyword
    if not is_compressed:
        return text
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(text, MAX_BYTES)
    except zlib.error:
        return b""
    return inflated if inflater.eof else b""
