"""Recognises sRGB profiles by their content.

Converting sRGB to sRGB changes nothing, and costs more CPU than decoding a small JPEG. The layout
is ICC.1:2022, https://www.color.org/specification/ICC.1-2022-05.pdf: sections 7.2 and 7.3 for the
header and the tag table, 10.6, 10.18 and 10.31 for the types.
"""

import struct
from collections.abc import Callable, Mapping, Sequence

HEADER_BYTES = 128
MAX_TAGS, MAX_SAMPLES = 100, 65_536
COLUMNS = (b"rXYZ", b"gXYZ", b"bXYZ")
CURVES = (b"rTRC", b"gTRC", b"bTRC")
# A lookup table takes precedence over the matrix, so that the matrix alone proves nothing.
TABLES = frozenset({b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1", b"D2B2"})
# The primaries of IEC 61966-2-1 adapted to D50: X, Y, Z of red, green, blue.
PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
PRIMARIES_TOLERANCE = 0.002
# Half a level of 8 bits: a smaller difference changes no pixel.
CURVE_TOLERANCE = 0.5
LEVELS = 255
FIXED_ONE = 65536
# 10.18: the function type of sRGB's parametric curve, and its number of parameters.
SRGB_FUNCTION, SRGB_PARAMETERS = 3, 5

Curve = Callable[[float], float]


def is_srgb(profile: bytes) -> bool:
    """Return whether a profile is sRGB; false for a broken profile."""
    try:
        tags = _tags(profile)
        if profile[16:20] != b"RGB " or TABLES & tags.keys():
            return False
        columns = [_xyz(tags[name]) for name in COLUMNS]
        curves = [_curve(tags[name]) for name in CURVES]
        return _are_srgb_primaries(columns) and all(map(_is_srgb_curve, curves))
    except (KeyError, ValueError, ArithmeticError, struct.error):
        return False


def _tags(profile: bytes) -> Mapping[bytes, memoryview]:
    (count,) = struct.unpack_from(">I", profile, HEADER_BYTES)
    if count > MAX_TAGS:
        raise ValueError(count)
    first = HEADER_BYTES + 4
    entries = (struct.unpack_from(">4sII", profile, first + 12 * at) for at in range(count))
    view = memoryview(profile)  # without copies: each of a hundred tags may span all of it
    return {name: view[offset : offset + size] for name, offset, size in entries}


def _xyz(tag: memoryview) -> tuple[float, ...]:
    kind, *values = struct.unpack_from(">4s4x3i", tag)
    if kind != b"XYZ ":
        raise ValueError(kind)
    return tuple(value / FIXED_ONE for value in values)


def _curve(tag: memoryview) -> Curve:
    kind, count = struct.unpack_from(">4s4xI", tag)
    if kind == b"curv" and count <= MAX_SAMPLES:
        return _sampled(struct.unpack_from(f">{count}H", tag, 12))
    function = count >> 16
    if kind != b"para" or function != SRGB_FUNCTION:
        raise ValueError(kind)
    gamma, a, b, c, d = (
        value / FIXED_ONE for value in struct.unpack_from(f">{SRGB_PARAMETERS}i", tag, 12)
    )
    return lambda x: max(0.0, a * x + b) ** gamma if x >= d else c * x


def _sampled(samples: Sequence[int]) -> Curve:
    last = len(samples) - 1
    if last < 1:  # no sample means a straight line, one a power function: neither is sRGB
        raise ValueError(last)

    def curve(x: float) -> float:
        at = min(int(x * last), last - 1)
        low, high = samples[at], samples[at + 1]
        return (low + (high - low) * (x * last - at)) / (FIXED_ONE - 1)

    return curve


def _are_srgb_primaries(columns: Sequence[Sequence[float]]) -> bool:
    return all(
        abs(got - expected) <= PRIMARIES_TOLERANCE
        for column, wanted in zip(columns, PRIMARIES, strict=True)
        for got, expected in zip(column, wanted, strict=True)
    )


def _is_srgb_curve(curve: Curve) -> bool:
    return all(
        abs(_encoded(curve(level / LEVELS)) * LEVELS - level) <= CURVE_TOLERANCE
        for level in range(LEVELS + 1)
    )


def _encoded(linear: float) -> float:
    """Return the sRGB sample of linear light, both from 0 to 1: IEC 61966-2-1."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055  # noqa: PLR2004
