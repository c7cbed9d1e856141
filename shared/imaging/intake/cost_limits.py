"""Refuses an image that would cost too much, before a pixel is decoded."""

from collections.abc import Sequence

from shared.imaging.intake.memory_cost import memory_cost_bytes
from shared.imaging.intake.probe import ImageHeader
from shared.model.errors import TooCostly, TooManyFrames, TooManyPixels
from shared.model.limits import Limits
from shared.model.renditions import Rendition

# libvips reduces by a factor of a million at most, and nothing that is viewed is as long.
MAX_SOURCE_SIDE = 1_000_000
# CMYK, alpha and a few masks. Of a thousand bands, libvips asks for memory until it is aborted.
MAX_BANDS = 16


def check_cost(
    header: ImageHeader, limits: Limits, renditions: Sequence[Rendition], *, beside_bytes: int = 0
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
    needed = memory_cost_bytes(header, renditions) + beside_bytes
    if needed > limits.memory_bytes:
        raise TooCostly(
            f"Expected at most {limits.memory_bytes >> 20} MB of memory, "
            f"got {needed >> 20} MB for {header.format}.",
            stage="admit",
        )


def refuse_odd_shapes(header: ImageHeader) -> None:
    """Raise a permanent failure for sides or bands that no genuine picture has."""
    longest = max(header.stored.width, header.stored.height)
    if longest > MAX_SOURCE_SIDE:
        raise TooManyPixels(
            f"Expected sides of at most {MAX_SOURCE_SIDE} pixels, got {longest}.", stage="admit"
        )
    if header.bands > MAX_BANDS:
        raise TooCostly(f"Expected at most {MAX_BANDS} bands, got {header.bands}.", stage="admit")
