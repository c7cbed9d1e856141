"""Takes over the compressed pixels of a PNG source where they are smaller than what we make.

Optimisers such as zopfli search for minutes for the smallest file. Encoded again, their files
would become larger. Only header, palette, transparency and pixels are taken over, and only if the
pixels are those of the image and nothing follows them.
"""

import struct
import zlib

import pyvips

from shared.imaging.formats.png_parts import SIGNATURE, PngParts

PIXEL_CHUNKS = frozenset({b"PLTE", b"tRNS"})
HEADER = struct.Struct(">IIBBBBB")
# Samples of a pixel by colour type: https://www.w3.org/TR/png-3/#table111.
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
RGB, ALPHA, BITS = 3, 3, 8
PART_BYTES = 1 << 16


def own_png(source: bytes, image: pyvips.Image, *, below: int) -> bytes | None:
    """Return a PNG with the source's compressed pixels; `None` unless it shows `image`.

    Also `None` if it would not have fewer than `below` bytes, and for other sources than PNG of
    at most 8 bits without interlacing. Colours under full transparency may differ from the
    image's.
    """
    if not source.startswith(SIGNATURE):
        return None
    parts = PngParts.of(source, only=PIXEL_CHUNKS)
    file = parts.written()
    if len(file) >= below or not _holds_only_pixels(parts, image):
        return None
    shown = pyvips.Image.pngload_buffer(file, fail_on="warning")
    return (
        file if shown.format == "uchar" and _are_equal(shown.colourspace("srgb"), image) else None
    )


def _holds_only_pixels(parts: PngParts, image: pyvips.Image) -> bool:
    """Return whether the compressed data ends with the last pixel of an image of this size."""
    if len(parts.header) != HEADER.size:
        return False
    width, height, depth, colour_type, _, _, is_interlaced = HEADER.unpack(parts.header)
    if (width, height) != (image.width, image.height) or depth > BITS or is_interlaced:
        return False
    row_bits = width * depth * SAMPLES.get(colour_type, 0)
    expected: int = height * (1 + -(-row_bits // BITS))
    return _inflated_bytes(parts.pixels) == expected


def _inflated_bytes(data: bytes) -> int | None:
    """Return the size of the inflated data; `None` if it is broken or something follows it."""
    inflater, size = zlib.decompressobj(), 0
    try:
        while data and not inflater.eof:
            size += len(inflater.decompress(data, PART_BYTES))
            data = inflater.unconsumed_tail
    except zlib.error:
        return None
    return size if inflater.eof and not inflater.unused_data else None


def _are_equal(one: pyvips.Image, other: pyvips.Image) -> bool:
    """Return whether two sRGB images look alike: equal alpha, equal colours where it is not 0."""
    if one.bands < RGB or other.bands < RGB:
        return False
    first, second = (each if each.hasalpha() else each.bandjoin(255) for each in (one, other))
    is_equal = (first == second).bandand()
    is_clear = (first[ALPHA] == 0) & (second[ALPHA] == 0)
    return bool((is_equal | is_clear).min())
