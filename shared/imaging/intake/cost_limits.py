"""Refuses what would cost too much, from the header and the plan alone.

A cap on pixels is not enough: 1,270 bytes of AVIF made libvips hold 958 MB, and 5 MB of
progressive JPEG 2.6 GB. So each format has a price in bytes of memory per pixel, measured as the
growth of the address space, which is what a child's bound counts.
"""

from collections.abc import Sequence

from shared.imaging.intake.probe import BITS, Header, is_held_whole
from shared.model.errors import TooCostly, TooManyFrames, TooManyPixels
from shared.model.limits import Limits
from shared.model.plan import Rendition
from shared.model.recipe import Codec, Slot

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
# libvips reduces by a factor of a million at most, and nothing that is viewed is as long.
MOST_SIDE = 1_000_000
# CMYK, alpha and a few masks. Of a thousand bands, libvips asks for memory until it is aborted.
MOST_BANDS = 16
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


def admit(
    header: Header, limits: Limits, renditions: Sequence[Rendition], *, beside_bytes: int = 0
) -> None:
    """Raise a permanent failure if an image, as it will be loaded, is over a limit.

    `beside_bytes` is what is held in memory beside the image, such as a watermark.
    """
    if header.frames > limits.max_frames:
        raise TooManyFrames(
            f"Expected at most {limits.max_frames} frames, got {header.frames}.", stage="admit"
        )
    pixels = header.stored.pixels * header.frames
    refuse_odd_shapes(header)
    if pixels > limits.max_pixels:
        shape = f"{header.stored.width}x{header.stored.height} in {header.frames} frame(s)"
        raise TooManyPixels(
            f"Expected at most {limits.max_pixels} pixels, got {shape}.",
            stage="admit",
        )
    needed = price_bytes(header, renditions) + beside_bytes
    if needed > limits.memory_bytes:
        raise TooCostly(
            f"Expected at most {limits.memory_bytes >> 20} MB of memory, "
            f"got {needed >> 20} MB for {header.format}.",
            stage="admit",
        )


def refuse_odd_shapes(header: Header) -> None:
    """Raise a permanent failure for sides or bands that no genuine picture has."""
    longest = max(header.stored.width, header.stored.height)
    if longest > MOST_SIDE:
        raise TooManyPixels(
            f"Expected sides of at most {MOST_SIDE} pixels, got {longest}.", stage="admit"
        )
    if header.bands > MOST_BANDS:
        raise TooCostly(f"Expected at most {MOST_BANDS} bands, got {header.bands}.", stage="admit")


def price_bytes(header: Header, renditions: Sequence[Rendition]) -> int:
    """Return the memory that rendering will take, in bytes."""
    encoding = max(_encoding_bytes(header, rendition) for rendition in renditions)
    held = header.frames * _held_bytes(header, renditions)
    # The decoder has gone when the first encoder begins.
    lines = COLUMN_BYTES * header.stored.width
    return round(max(_decoding_bytes(header), encoding) + held) + lines + FIXED_BYTES


def _held_bytes(header: Header, renditions: Sequence[Rendition]) -> int:
    """Return what a rung and the next take of one frame, and the canvas that is being encoded."""
    rungs = sorted({rendition.frame.resized.pixels for rendition in renditions})[-2:]
    largest_canvas = max(rendition.frame.canvas.pixels for rendition in renditions)
    is_floating = header.has_alpha and not header.moves
    each = PREMULTIPLIED if is_floating else BYTES_PER_PIXEL
    return each * sum(rungs) + BYTES_PER_PIXEL * largest_canvas


def _decoding_bytes(header: Header) -> float:
    # Once as the loader holds it, once as the frames are taken out of it.
    strip = 2 * BYTES_PER_PIXEL * header.frames if header.moves else 0
    whole = header.bands * header.bits / BITS if is_held_whole(header) else 0
    return header.stored.pixels * (_bytes_per_pixel(header) + max(strip, whole))


def _bytes_per_pixel(header: Header) -> float:
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


def _encoding_bytes(header: Header, rendition: Rendition) -> float:
    still = TRANSPARENT if header.has_alpha else OPAQUE
    prices = MOVING if header.moves else still
    dearest = max(prices[slot] + _slowness(slot, rendition) for slot in rendition.names)
    return rendition.frame.canvas.pixels * (dearest + FURTHER_FRAME * (header.frames - 1))


def _slowness(slot: Slot, rendition: Rendition) -> float:
    is_slow = slot is Slot.AVIF and rendition.effort[Codec.AVIF] >= SLOW_AVIF_EFFORT
    return SLOW_AVIF if is_slow else 0.0
