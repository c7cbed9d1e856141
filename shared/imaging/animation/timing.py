"""Bounds how long the frames of an animation are shown, and how often it plays.

Browsers show a frame of at most 10 ms for 100 ms, in every format:
https://chromium.googlesource.com/chromium/src/+/main/third_party/blink/renderer/platform/graphics/deferred_image_decoder.cc
"""

from collections.abc import Iterable

import pyvips

from shared.imaging.resize import frame_count
from shared.model.codec import Codec

TOO_SHORT_MILLISECONDS, SHOWN_INSTEAD_MILLISECONDS = 10, 100
# GIF counts in hundredths of a second, by 16 bits: GIF89a, section 23. libvips writes the lower
# bits of what is longer.
UNIT_MILLISECONDS = {Codec.GIF: 10, Codec.WEBP: 1}
# WebP has 24 bits: RFC 9649, section 2.7.1.1. libwebp adds delays up in an `int`.
MAX_MILLISECONDS = {Codec.GIF: 655_350, Codec.WEBP: (1 << 24) - 1}
MAX_TOTAL_MILLISECONDS = (1 << 31) - 1
# 16 bits in both. libvips writes the lower bits, and 0 would mean for ever.
MAX_PLAYS = 65_535


def set_timing(image: pyvips.Image, delays: Iterable[float], plays: int) -> None:
    """Set how many milliseconds each frame is shown, and how often the animation plays.

    `plays` of 0 means for ever. The image must be the caller's own copy.
    """
    rounded = in_units(delays, 1)
    image.set_type(pyvips.GValue.array_int_type, "delay", rounded)
    image.set_type(pyvips.GValue.gint_type, "loop", min(plays, MAX_PLAYS))


def with_timing_of(image: pyvips.Image, codec: Codec) -> pyvips.Image:
    """Return a strip of frames whose timing a codec can hold; a still image as it is."""
    count = frame_count(image)
    if count == 1 or not image.get_typeof("delay"):
        return image
    most = min(MAX_MILLISECONDS[codec], MAX_TOTAL_MILLISECONDS // count)
    delays = (min(each, most) for each in in_units(image.get("delay"), UNIT_MILLISECONDS[codec]))
    timed = image.copy()
    plays = image.get("loop") if image.get_typeof("loop") else 0
    timed.set_type(pyvips.GValue.array_int_type, "delay", list(delays))
    timed.set_type(pyvips.GValue.gint_type, "loop", min(plays, MAX_PLAYS))
    return timed


def in_units(delays: Iterable[float], unit: int) -> list[int]:
    """Return delays in milliseconds as multiples of `unit` that last as long together.

    A rounding error is made up for in the next frame. No delay becomes so short that browsers
    would show it for longer.
    """
    shortest = (TOO_SHORT_MILLISECONDS // unit + 1) * unit
    rounded, owed = [], 0.0
    for delay in delays:
        wanted = delay if delay > TOO_SHORT_MILLISECONDS else SHOWN_INSTEAD_MILLISECONDS
        found = max(shortest, round((wanted + owed) / unit) * unit)
        owed = max(-unit / 2, min(unit / 2, owed + wanted - found))
        rounded.append(found)
    return rounded
