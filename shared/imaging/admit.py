"""Refuses what would cost too much, from the header and the plan alone.

A cap on pixels is not enough: 1,270 bytes of AVIF made libvips hold 958 MB, and 5 MB of
progressive JPEG 2.6 GB. So each format has a price in bytes of memory per pixel, measured as the
growth of the address space, which is what a child's bound counts.
"""

from collections.abc import Sequence

from shared.imaging.probe import Header
from shared.model.errors import TooCostly, TooManyFrames, TooManyPixels
from shared.model.limits import Limits
from shared.model.plan import Rendition
from shared.model.recipe import Slot

# Decoders: bytes per stored pixel. What streams line by line costs next to nothing.
STREAMED = 0.3
AVIF, AVIF_WITH_ALPHA, AVIF_OVER_8_BITS = 17.0, 19.0, 21.0
PROGRESSIVE_JPEG = 6.5
WEBP, WEBP_WITH_ALPHA = 13.0, 16.0
GIF = 7.0
BITS = 8
# Encoders: bytes per pixel of the canvas, by slot and by what the picture is.
OPAQUE = {Slot.AVIF: 38.0, Slot.WEBP: 9.0, Slot.FALLBACK: 8.0}
TRANSPARENT = {Slot.AVIF: 56.0, Slot.WEBP: 45.0, Slot.FALLBACK: 8.0}
MOVING = {Slot.AVIF: 40.0, Slot.WEBP: 40.0, Slot.FALLBACK: 24.0}
FURTHER_FRAME = 8.0
# Pictures in memory: a strip of frames as it is stored, and each rung beside the next.
BYTES_PER_PIXEL = 4
# Threads, their stacks and arenas, and buffers, whatever the image.
FIXED_BYTES = 150 * 1024 * 1024


def admit(header: Header, limits: Limits, renditions: Sequence[Rendition]) -> None:
    """Raise a permanent failure if an image, as it will be loaded, is over a limit."""
    if header.frames > limits.max_frames:
        raise TooManyFrames(
            f"Expected at most {limits.max_frames} frames, got {header.frames}.", stage="admit"
        )
    pixels = header.stored.pixels * header.frames
    if pixels > limits.max_pixels:
        shape = f"{header.stored.width}x{header.stored.height} in {header.frames} frame(s)"
        raise TooManyPixels(
            f"Expected at most {limits.max_pixels} pixels, got {shape}.",
            stage="admit",
        )
    needed = price_bytes(header, renditions)
    if needed > limits.memory_bytes:
        raise TooCostly(
            f"Expected at most {limits.memory_bytes >> 20} MB of memory, "
            f"got {needed >> 20} MB for {header.format}.",
            stage="admit",
        )


def price_bytes(header: Header, renditions: Sequence[Rendition]) -> int:
    """Return the memory that rendering will take, in bytes."""
    encoding = max(_encoding_bytes(header, rendition) for rendition in renditions)
    held = BYTES_PER_PIXEL * header.frames * _held_pixels(renditions)
    # The decoder has gone when the first encoder begins.
    return round(max(_decoding_bytes(header), encoding) + held) + FIXED_BYTES


def _held_pixels(renditions: Sequence[Rendition]) -> int:
    largest = max(rendition.frame.resized.pixels for rendition in renditions)
    return largest + max(rendition.frame.canvas.pixels for rendition in renditions)


def _decoding_bytes(header: Header) -> float:
    strip = BYTES_PER_PIXEL * header.frames if header.moves else 0
    return header.stored.pixels * (_bytes_per_pixel(header) + strip)


def _bytes_per_pixel(header: Header) -> float:
    if header.is_interlaced and header.format == "png":
        return header.bands * header.bits / BITS * 2
    if header.is_interlaced and header.format == "jpeg":
        return PROGRESSIVE_JPEG
    avif = AVIF_WITH_ALPHA if header.has_alpha else AVIF
    return {
        "avif": avif if header.bits == BITS else AVIF_OVER_8_BITS,
        "webp": WEBP_WITH_ALPHA if header.has_alpha else WEBP,
        "gif": GIF,
    }.get(header.format, STREAMED)


def _encoding_bytes(header: Header, rendition: Rendition) -> float:
    still = TRANSPARENT if header.has_alpha else OPAQUE
    prices = MOVING if header.moves else still
    dearest = max(prices[slot] for slot in rendition.names)
    return rendition.frame.canvas.pixels * (dearest + FURTHER_FRAME * (header.frames - 1))
