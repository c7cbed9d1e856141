"""The memory that a render needs, predicted from the header and the renditions alone.

A cap on pixels is not enough: 1,270 bytes of AVIF made libvips hold 958 MB, and 5 MB of
progressive JPEG 2.6 GB. So each format has a cost in bytes of memory per pixel, measured as the
growth of the address space, which is what a child's RLIMIT_AS counts.
"""

from collections.abc import Sequence

from shared.imaging.intake.probe import BITS, ImageHeader, is_held_whole
from shared.model.recipe import Codec, Slot
from shared.model.renditions import Rendition

# Decoders: bytes per stored pixel. What streams line by line costs next to nothing.
STREAMED = 0.3
AVIF, AVIF_WITH_ALPHA, AVIF_OVER_8_BITS = 17.0, 19.0, 24.5
# Two bytes a coefficient, each of them kept until the last scan.
PROGRESSIVE_JPEG_BAND, PROGRESSIVE_JPEG = 2.0, 0.5
# Lossless, which is the dearer and not told from lossy.
WEBP, WEBP_WITH_ALPHA = 18.5, 20.5
GIF = 7.0
HEIC, HEIC_WITH_ALPHA, HEIC_OVER_8_BITS, HEIC_OVER_8_BITS_WITH_ALPHA = 10.0, 13.0, 19.0, 27.0
BMP = 11.0
# Lines are held some at a time, by the decoder and by each step of a resize.
COLUMN_BYTES = 1200
# Encoders: bytes per pixel of the canvas, by slot and by what the picture is.
OPAQUE = {Slot.AVIF: 54.0, Slot.WEBP: 9.0, Slot.FALLBACK: 8.0}
TRANSPARENT = {Slot.AVIF: 96.0, Slot.WEBP: 42.0, Slot.FALLBACK: 8.0}
MOVING = {Slot.AVIF: 40.0, Slot.WEBP: 40.0, Slot.FALLBACK: 24.0}
FURTHER_FRAME = 8.0
# From this effort on, libaom keeps many more pictures beside the one that it encodes.
SLOW_AVIF_EFFORT = 3
SLOW_AVIF = 34.0
# Pictures in memory: a strip of frames as it is stored, and each rung beside the next.
BYTES_PER_PIXEL = 4
# In floating point, where colours are kept multiplied by their alpha.
PREMULTIPLIED = 16
# Threads, their stacks and arenas, and buffers, whatever the image.
FIXED_BYTES = 150 * 1024 * 1024
# The source's file, libvips' copy of it, and that of a decoder which wants it in one piece.
SOURCE_COPIES = 3


def memory_cost_bytes(header: ImageHeader, renditions: Sequence[Rendition]) -> int:
    """Return the memory that rendering will take, in bytes."""
    encoding = max(_encoding_bytes(header, rendition) for rendition in renditions)
    held = header.frames * _held_bytes(header, renditions)
    # The decoder has gone when the first encoder begins.
    lines = COLUMN_BYTES * header.stored.width
    return round(max(_decoding_bytes(header), encoding) + held) + lines + FIXED_BYTES


def _held_bytes(header: ImageHeader, renditions: Sequence[Rendition]) -> int:
    """Return what a rung and the next take of one frame, and the canvas that is being encoded."""
    rungs = sorted({rendition.fitted.resized.pixels for rendition in renditions})[-2:]
    largest_canvas = max(rendition.fitted.canvas.pixels for rendition in renditions)
    is_floating = header.has_alpha and not header.is_animated
    each = PREMULTIPLIED if is_floating else BYTES_PER_PIXEL
    return each * sum(rungs) + BYTES_PER_PIXEL * largest_canvas


def _decoding_bytes(header: ImageHeader) -> float:
    # Once as the loader holds it, once as the frames are taken out of it.
    strip = 2 * BYTES_PER_PIXEL * header.frames if header.is_animated else 0
    whole = header.bands * header.bits / BITS if is_held_whole(header) else 0
    return header.stored.pixels * (_bytes_per_pixel(header) + max(strip, whole))


def _bytes_per_pixel(header: ImageHeader) -> float:
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


def _encoding_bytes(header: ImageHeader, rendition: Rendition) -> float:
    still = TRANSPARENT if header.has_alpha else OPAQUE
    prices = MOVING if header.is_animated else still
    dearest = max(prices[slot] + _slowness(slot, rendition) for slot in rendition.names)
    return rendition.fitted.canvas.pixels * (dearest + FURTHER_FRAME * (header.frames - 1))


def _slowness(slot: Slot, rendition: Rendition) -> float:
    is_slow = slot is Slot.AVIF and rendition.effort[Codec.AVIF] >= SLOW_AVIF_EFFORT
    return SLOW_AVIF if is_slow else 0.0
