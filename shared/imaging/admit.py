"""Refuses what would cost too much, from the header alone.

A cap on pixels is not enough: 1,270 bytes of AVIF made libvips hold 958 MB, and 5 MB of
progressive JPEG 2.6 GB. So each format has a price in bytes of memory per pixel, measured as peak
over pixels.
"""

from shared.imaging.probe import Header
from shared.model.errors import TooCostly, TooManyFrames, TooManyPixels
from shared.model.limits import Limits

# Bytes of memory per pixel of the whole picture. What streams line by line costs next to nothing.
STREAMED = 0.2
AVIF = 15.0
PROGRESSIVE_JPEG = 3.2
WEBP = 5.0
GIF = 6.0
# Encoders and pixels of the largest rung, on top of what the source's format costs.
RENDERING_BYTES = 120 * 1024 * 1024
# Every frame is held at the size of the largest rung, twice while it is made smaller.
BYTES_PER_FRAME_PIXEL = 8


def admit(header: Header, limits: Limits, largest_rung_pixels: int) -> None:
    """Raise a permanent failure if an image is over a limit."""
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
    needed = price_bytes(header, largest_rung_pixels)
    if needed > limits.memory_bytes:
        raise TooCostly(
            f"Expected at most {limits.memory_bytes >> 20} MB of memory, "
            f"got {needed >> 20} MB for {header.format}.",
            stage="admit",
        )


def price_bytes(header: Header, largest_rung_pixels: int) -> int:
    """Return the memory that rendering will take, in bytes."""
    decoding = header.stored.pixels * _bytes_per_pixel(header)
    moving = (
        header.frames * largest_rung_pixels * BYTES_PER_FRAME_PIXEL if header.frames > 1 else 0
    )
    return round(decoding + moving) + RENDERING_BYTES


def _bytes_per_pixel(header: Header) -> float:
    if header.is_interlaced and header.format == "png":
        return header.bands * header.bits / 8 * 2
    if header.is_interlaced and header.format == "jpeg":
        return PROGRESSIVE_JPEG
    return {"avif": AVIF, "webp": WEBP, "gif": GIF}.get(header.format, STREAMED)
