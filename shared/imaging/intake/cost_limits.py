"""Refuses an image that would cost too much, before a pixel is decoded."""

from collections.abc import Sequence

from shared.imaging.intake.memory_cost import memory_cost_bytes
from shared.imaging.intake.probe import ImageHeader
from shared.model.errors import TooCostly, TooManyFrames, TooManyPixels
from shared.model.limits import MAX_SOURCE_SIDE, Limits
from shared.model.renditions import Rendition

# CMYK, alpha and a few masks. With a thousand bands, libvips allocates memory until it aborts.
MAX_BANDS = 16


def check_cost(
    header: ImageHeader, limits: Limits, renditions: Sequence[Rendition], *, beside_bytes: int = 0
) -> None:
    """Raise a permanent failure if an image is over a limit.

    `header` describes the part that will be loaded: all frames or the first. `beside_bytes` is
    memory that is held in addition to the image, such as the watermark's.
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
    needed = memory_cost_bytes(header, renditions) + beside_bytes
    if needed > limits.memory_bytes:
        raise TooCostly(
            f"Expected at most {limits.memory_bytes >> 20} MB of memory, "
            f"got {needed >> 20} MB for {header.format}.",
            stage="admit",
        )


def refuse_odd_shapes(header: ImageHeader) -> None:
    """Raise a permanent failure for sides or bands beyond those of any real image."""
    longest = max(header.stored.width, header.stored.height)
    if longest > MAX_SOURCE_SIDE:
        raise TooManyPixels(
            f"Expected sides of at most {MAX_SOURCE_SIDE} pixels, got {longest}.", stage="admit"
        )
    if header.bands > MAX_BANDS:
        raise TooCostly(f"Expected at most {MAX_BANDS} bands, got {header.bands}.", stage="admit")
