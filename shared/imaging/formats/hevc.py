"""Reads whether HEVC samples are of limited range, which libheif ignores in grey and alpha.

Rec. ITU-T H.265 (07/2024), sections 7.3.2.2, 7.3.3, 7.3.4, 7.3.7 and E.2.1; `hvcC` is described in
ISO/IEC 14496-15, section 8.3.2.
"""

from collections.abc import Iterator
from itertools import islice

from shared.imaging.formats.bits import Bits

ARRAYS_AT = 22
SEQUENCE_PARAMETERS = 33
# More than an encoder writes, and of a unit before the video signal type.
MAX_CONFIGURATION_BYTES, MAX_UNITS, MAX_PARAMETER_BYTES = 16 * 1024, 16, 2048
NAL_HEADER_BYTES = 2
GENERAL_PROFILE_BITS, SUB_LAYER_PROFILE_BITS, LEVEL_BITS, SUB_LAYERS = 96, 88, 8, 8
SEPARATE_PLANES = 3
SCALING_SIZES, SCALING_MATRICES, LARGEST_SCALING, MAX_COEFFICIENTS = 4, 6, 3, 64
EXTENDED_ASPECT = 255
# 7.4.3.2.1 and 7.4.8: at most 64 short-term sets, each of 16 pictures, and 32 long-term pictures.
MAX_SETS, MAX_PICTURES, MAX_LONG_TERM = 64, 16, 32


def is_limited_range(configuration: bytes) -> bool:
    """Return whether the sequence parameters in an `hvcC` declare a limited range.

    False if they do not say: encoders of alpha planes write full range without saying so.
    """
    try:
        found = islice(_parameters(configuration[:MAX_CONFIGURATION_BYTES]), MAX_UNITS)
        return any(_declares_limited_range(Bits(each)) for each in found)
    except (IndexError, ValueError):
        return False


def _parameters(configuration: bytes) -> Iterator[bytes]:
    """Yield the sequence parameters, without the bytes that prevent start codes."""
    at = ARRAYS_AT + 1
    for _ in range(configuration[ARRAYS_AT]):
        kind = configuration[at] & 63
        count, at = int.from_bytes(configuration[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            size, at = int.from_bytes(configuration[at : at + 2], "big"), at + 2
            if at + size > len(configuration):
                return
            if kind == SEQUENCE_PARAMETERS:
                unit = configuration[at : at + min(size, MAX_PARAMETER_BYTES)]
                yield unit[NAL_HEADER_BYTES:].replace(b"\0\0\3", b"\0\0")
            at += size


def _declares_limited_range(bits: Bits) -> bool:
    bits.read(4)
    further_layers = bits.read(3)
    bits.read()
    _skip_profiles(bits, further_layers)
    bits.golomb()
    if bits.golomb() == SEPARATE_PLANES:
        bits.read()
    bits.skip_golombs(2)  # width and height
    if bits.read():
        bits.skip_golombs(4)  # the conformance window
    bits.skip_golombs(2)  # bit depths
    order_bits = bits.golomb() + 4
    layers = further_layers + 1 if bits.read() else 1
    bits.skip_golombs(3 * layers + 6)  # buffers, block sizes and depths
    if bits.read() and bits.read():
        _skip_scaling_lists(bits)
    bits.read(2)
    if bits.read():
        bits.read(8)
        bits.skip_golombs(2)
        bits.read()
    _skip_short_term_sets(bits)
    if bits.read():
        bits.read((order_bits + 1) * _at_most(bits.golomb(), MAX_LONG_TERM))
    bits.read(2)
    return bool(bits.read()) and _signals_limited_range(bits)


def _signals_limited_range(bits: Bits) -> bool:
    if bits.read() and bits.read(8) == EXTENDED_ASPECT:
        bits.read(32)
    if bits.read():
        bits.read()  # overscan
    if not bits.read():
        return False
    bits.read(3)
    return not bits.read()


def _skip_profiles(bits: Bits, further_layers: int) -> None:
    bits.read(GENERAL_PROFILE_BITS)
    present = [(bits.read(), bits.read()) for _ in range(further_layers)]
    if further_layers:
        bits.read(2 * (SUB_LAYERS - further_layers))
    for has_profile, has_level in present:
        bits.read(SUB_LAYER_PROFILE_BITS * has_profile + LEVEL_BITS * has_level)


def _skip_scaling_lists(bits: Bits) -> None:
    for size in range(SCALING_SIZES):
        step = 3 if size == LARGEST_SCALING else 1
        for _ in range(0, SCALING_MATRICES, step):
            if not bits.read():
                bits.golomb()
                continue
            coefficients = min(MAX_COEFFICIENTS, 1 << (4 + 2 * size))
            bits.skip_golombs(coefficients + (size > 1))


def _skip_short_term_sets(bits: Bits) -> None:
    pictures = 0
    for number in range(_at_most(bits.golomb(), MAX_SETS)):
        if number and bits.read():
            bits.read()
            bits.golomb()
            pictures = sum(bits.read() or bits.read() for _ in range(pictures + 1))
        else:
            pictures = _at_most(bits.golomb() + bits.golomb(), MAX_PICTURES)
            for _ in range(pictures):
                bits.golomb()
                bits.read()


def _at_most(number: int, most: int) -> int:
    if number > most:
        raise ValueError(f"Expected at most {most}, got {number}.")
    return number
