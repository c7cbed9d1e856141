"""Reads whether AV1 samples are of limited range, which libheif ignores in alpha planes.

https://aomediacodec.github.io/av1-spec/, sections 5.3 to 5.5.
"""

from collections.abc import Iterator

from shared.imaging.formats.bits import Bits

SEQUENCE_HEADER = 1
# More than any encoder writes before its sequence header, and into it.
MAX_UNITS, MAX_HEADER_BYTES = 16, 512
SRGB_AS_RGB = (1, 13, 0)  # primaries, transfer and matrix of samples that are always full range
NOT_SAID = (2, 2, 2)
HIGH_PROFILE, PROFESSIONAL_PROFILE = 1, 2
TIER_FROM_LEVEL = 8
SELECTED_BY_FRAME = 2


def is_limited_range(units: bytes) -> bool:
    """Return whether the first sequence header in AV1 units declares a limited range.

    Limited means that of 8 bits, 16 is black and 235 is white. False if there is no whole header.
    """
    try:
        return next((not _has_full_range(Bits(unit)) for unit in _headers(units)), False)
    except (IndexError, ValueError):
        return False


def _headers(units: bytes) -> Iterator[bytes]:
    """Yield the contents of the sequence headers among the first units."""
    at = 0
    for _ in range(MAX_UNITS):
        if at >= len(units):
            return
        kind, has_extension, has_size = units[at] >> 3 & 15, units[at] & 4, units[at] & 2
        at += 2 if has_extension else 1
        size = len(units) - at
        if has_size:
            size, at = _length(units, at)
        if kind == SEQUENCE_HEADER:
            yield units[at : at + min(size, MAX_HEADER_BYTES)]
        at += size


def _length(units: bytes, at: int) -> tuple[int, int]:
    """Return a number in `leb128`, and the offset after it."""
    value = 0
    for place in range(8):
        byte = units[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return value, at + place + 1
    raise IndexError("Expected a length of at most eight bytes.")


def _has_full_range(bits: Bits) -> bool:
    profile, _, is_reduced = bits.read(3), bits.read(), bits.read()
    if is_reduced:
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    bits.read(width_bits + height_bits)
    if not is_reduced and bits.read():
        bits.read(4 + 3)  # the lengths of frame numbers
    bits.read(3)  # large superblocks, filters
    if not is_reduced:
        _skip_tools(bits)
    bits.read(3)  # super-resolution, CDEF, restoration
    return _colour_range(bits, profile)


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = _skip_timing(bits) if bits.read() else 0
    has_display_delay = bits.read()
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) >= TIER_FROM_LEVEL:
            bits.read()
        if delay_bits and bits.read():
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read():
            bits.read(4)


def _skip_timing(bits: Bits) -> int:
    """Return how many bits a buffer delay has; 0 without a decoder model."""
    bits.read(32 + 32)
    if bits.read():
        bits.golomb()
    if not bits.read():
        return 0
    delay_bits = bits.read(5) + 1
    bits.read(32 + 5 + 5)
    return delay_bits


def _skip_tools(bits: Bits) -> None:
    bits.read(4)  # compound prediction, warped motion, filters
    has_order = bits.read()
    if has_order:
        bits.read(2)
    screen_content = SELECTED_BY_FRAME if bits.read() else bits.read()
    if screen_content and not bits.read():
        bits.read()
    if has_order:
        bits.read(3)


def _colour_range(bits: Bits, profile: int) -> bool:
    is_deep = bits.read()
    if profile == PROFESSIONAL_PROFILE and is_deep:
        bits.read()
    is_grey = profile != HIGH_PROFILE and bits.read()
    numbers = (bits.read(8), bits.read(8), bits.read(8)) if bits.read() else NOT_SAID
    return (not is_grey and numbers == SRGB_AS_RGB) or bool(bits.read())
