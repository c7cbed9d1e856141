"""Refuses an image that is over the limits, before a pixel is decoded."""

from shared.imaging.intake.probe import ImageHeader
from shared.model.errors import TooCostly, TooManyPixels
from shared.model.limits import MAX_SOURCE_SIDE

# CMYK, alpha and a few masks. With a thousand bands, libvips allocates memory until it aborts.
MAX_BANDS = 16


def refuse_too_many_pixels(header: ImageHeader, max_pixels: int) -> None:
    """Raise `TooManyPixels` for a frame of too many pixels."""
    if header.stored.pixels > max_pixels:
        raise TooManyPixels(
            f"Expected at most {max_pixels} pixels, "
            f"got {header.stored.width}x{header.stored.height}.",
            stage="admit",
        )


def refuse_odd_shapes(header: ImageHeader) -> None:
    """Raise a permanent failure for sides or bands beyond those of any real image.

    No setting changes these limits, so the stage is that of the structure.
    """
    longest = max(header.stored.width, header.stored.height)
    if longest > MAX_SOURCE_SIDE:
        raise TooManyPixels(
            f"Expected sides of at most {MAX_SOURCE_SIDE} pixels, got {longest}.", stage="probe"
        )
    if header.bands > MAX_BANDS:
        raise TooCostly(f"Expected at most {MAX_BANDS} bands, got {header.bands}.", stage="probe")
