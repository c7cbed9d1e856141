"""Predicts the memory that a render takes, from the header and the renditions alone.

A cap on pixels is not enough: 1,270 bytes of AVIF made libvips hold 958 MB, and 5 MB of
progressive JPEG 2.6 GB. So each format has a cost in bytes of memory per pixel, measured as the
growth of the address space, which is what a child's RLIMIT_AS counts.
"""

from collections.abc import Sequence

from shared.imaging.intake.probe import BITS, ImageHeader, is_held_whole
from shared.model.codec import Codec
from shared.model.quality_and_effort import highest_avif_effort
from shared.model.recipe import Slot
from shared.model.renditions import Rendition

# Decoders: bytes per stored pixel. Formats that are decoded line by line cost next to nothing.
STREAMED = 0.3
AVIF, AVIF_WITH_ALPHA, AVIF_OVER_8_BITS = 17.0, 19.0, 24.5
# A progressive JPEG takes two bytes per band, since all coefficients are kept until the last scan,
# and half a byte per pixel more.
PROGRESSIVE_JPEG_BAND, PROGRESSIVE_JPEG = 2.0, 0.5
# Lossless WebP. Lossy WebP costs less, but the header does not tell them apart.
WEBP, WEBP_WITH_ALPHA = 18.5, 20.5
GIF = 7.0
HEIC, HEIC_WITH_ALPHA, HEIC_OVER_8_BITS, HEIC_OVER_8_BITS_WITH_ALPHA = 10.0, 13.0, 19.0, 27.0
BMP = 11.0
# One frame that libvips does not compose: its pixels, and those of the canvas under it.
COMPOSED = 12.0
# Per pixel of width, for the lines that the decoder and each step of a resize hold.
COLUMN_BYTES = 1200
# Encoders: bytes per pixel of the canvas, by slot.
OPAQUE = {Slot.AVIF: 65.0, Slot.WEBP: 9.0, Slot.FALLBACK: 8.0}
TRANSPARENT = {Slot.AVIF: 103.0, Slot.WEBP: 42.0, Slot.FALLBACK: 8.0}
ANIMATED = {Slot.AVIF: 40.0, Slot.WEBP: 40.0, Slot.FALLBACK: 24.0}
# The lossless encoder of WebP, which drawings are tried with beside the encoder of their slot.
EXACT_WEBP = 45.0
FURTHER_FRAME = 8.0
# From this AVIF effort on, libaom holds many more images beside the one that it encodes.
SLOW_AVIF_EFFORT = 3
SLOW_AVIF = 34.0
# Images in memory: a strip of frames, and two rungs at once.
BYTES_PER_PIXEL = 4
# Still images with alpha: four bands of premultiplied floating point.
PREMULTIPLIED = 16
# Threads, their stacks and arenas, and buffers: the same for every image.
FIXED_BYTES = 150 * 1024 * 1024
# The source file, libvips' copy, and the copy of a decoder that needs the file in one piece.
SOURCE_COPIES = 3


def memory_cost_bytes(header: ImageHeader, renditions: Sequence[Rendition]) -> int:
    """Return the memory in bytes that rendering takes, without the copies of the source file.

    Counts the encoders that the limits of the renditions leave.
    """
    encoding = max(
        encoding_cost_bytes(header, rendition, rendition.encoded_as(slot) or Slot.FALLBACK)
        for rendition in renditions
        for slot in rendition.names
    )
    exact = (exact_cost_bytes(header, each) for each in renditions if may_try_exact(each))
    encoding = max(encoding, *exact, 0)
    # The decoder is freed before the first encoder starts.
    return lasting_cost_bytes(header, renditions) + max(decoding_cost_bytes(header), encoding)


def lasting_cost_bytes(header: ImageHeader, renditions: Sequence[Rendition]) -> int:
    """Return the memory in bytes that decoder and encoders find taken, whichever they are."""
    held = header.frames * _held_bytes(header, renditions)
    return held + COLUMN_BYTES * header.stored.width + FIXED_BYTES


def decoding_cost_bytes(header: ImageHeader) -> int:
    """Return the memory in bytes that the decoder takes."""
    # The strip is held by the loader, and again while its frames are extracted.
    is_strip = header.is_animated or header.is_composed
    strip = 2 * BYTES_PER_PIXEL * header.frames if is_strip else 0
    held = header.bands * header.bits / BITS if is_held_whole(header) else 0
    return round(header.stored.pixels * (_bytes_per_pixel(header) + max(strip, held)))


def encoding_cost_bytes(header: ImageHeader, rendition: Rendition, slot: Slot) -> int:
    """Return the memory in bytes that the encoders of one slot's own codecs take."""
    still = TRANSPARENT if header.has_alpha else OPAQUE
    costs = ANIMATED if header.is_animated else still
    each = costs[slot] + _slow_avif(slot, rendition) + FURTHER_FRAME * (header.frames - 1)
    return round(rendition.fitted.canvas.pixels * each)


def may_try_exact(rendition: Rendition) -> bool:
    """Return whether any slot of a rendition may be tried as exact WebP."""
    plainest = {rendition.encoded_as(slot) for slot in rendition.names} <= {Slot.FALLBACK}
    return rendition.allows_exact and not plainest


def exact_cost_bytes(header: ImageHeader, rendition: Rendition) -> int:
    """Return the memory in bytes that the lossless encoder of WebP takes."""
    each = EXACT_WEBP + FURTHER_FRAME * (header.frames - 1)
    return round(rendition.fitted.canvas.pixels * each)


def _held_bytes(header: ImageHeader, renditions: Sequence[Rendition]) -> int:
    """Return the bytes per frame of the two largest rungs and of the canvas being encoded."""
    rungs = sorted({rendition.fitted.resized.pixels for rendition in renditions})[-2:]
    largest_canvas = max(rendition.fitted.canvas.pixels for rendition in renditions)
    is_floating = header.has_alpha and not header.is_animated
    each = PREMULTIPLIED if is_floating else BYTES_PER_PIXEL
    return each * sum(rungs) + BYTES_PER_PIXEL * largest_canvas


def _bytes_per_pixel(header: ImageHeader) -> float:
    return _of_format(header) + (COMPOSED if header.is_composed else 0)


def _of_format(header: ImageHeader) -> float:
    if header.is_interlaced and header.format == "png":
        return header.bands * header.bits / BITS * 2
    if header.is_interlaced and header.format == "jpeg":
        return header.bands * PROGRESSIVE_JPEG_BAND + PROGRESSIVE_JPEG
    avif = AVIF_WITH_ALPHA if header.has_alpha else AVIF
    heic = (HEIC, HEIC_WITH_ALPHA, HEIC_OVER_8_BITS, HEIC_OVER_8_BITS_WITH_ALPHA)
    return {
        "avif": avif if header.bits == BITS else AVIF_OVER_8_BITS,
        "bmp": BMP,
        "heic": heic[2 * (header.bits > BITS) + header.has_alpha],
        "webp": WEBP_WITH_ALPHA if header.has_alpha else WEBP,
        "gif": GIF,
    }.get(header.format, STREAMED)


def _slow_avif(slot: Slot, rendition: Rendition) -> float:
    if slot is not Slot.AVIF:
        return 0.0
    highest = highest_avif_effort(rendition.fitted.canvas.pixels)
    is_slow = rendition.effort.get(Codec.AVIF, highest) >= SLOW_AVIF_EFFORT
    return SLOW_AVIF if is_slow else 0.0
