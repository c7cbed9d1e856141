"""Reads the colour chunks of PNG that libvips ignores.

PNG, third edition, https://www.w3.org/TR/png-3/: sections 4.3 and 11.3.2.
"""

import struct
import zlib
from collections.abc import Mapping
from itertools import islice

from shared.imaging.colour import cicp
from shared.imaging.colour.icc import Point, Primaries, grey_profile, rgb_profile
from shared.imaging.formats.containers import png_chunks

COLOUR_CHUNKS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
PIXELS_OR_END = frozenset({b"IDAT", b"IEND"})
MAX_CHUNKS = 1_000  # libpng's own limit
UNIT = 100_000
# Larger than any profile of RGB. ICC.1:2022, section 7.2.6: the space of its colours.
MAX_PROFILE_BYTES = 1024 * 1024
SPACE, RGB = slice(16, 20), b"RGB "
# A gamma of 1/2.2 is how many writers declare sRGB. Within 5 %, libpng and browsers show sRGB.
SRGB_GAMMA, GAMMA_TOLERANCE = 45_455, 45_455 // 20
# 11.3.2.6: samples in PNG are RGB. Browsers ignore numbers of limited range.
RGB_MATRIX, FULL_RANGE = 0, 1


def colour_numbers(data: bytes) -> tuple[int, int] | None:
    """Return a PNG's primaries and transfer by H.273; `None` if it has no numbers that count.

    Numbers that count take precedence over every other description, section 4.3. As in browsers,
    those that are unknown or not of RGB in full range do not.
    """
    return _numbers(_colour_chunks(data))


def colour_profile(data: bytes, *, grey: bool) -> bytes | None:
    """Return the ICC profile that a PNG's colour chunks describe; `None` if that is sRGB.

    An embedded profile, which libvips reads, comes after the numbers and before the rest. Of
    grey, libpng refuses a profile of RGB, which browsers do not.
    """
    chunks = _colour_chunks(data)
    numbers = _numbers(chunks)
    if numbers:
        return cicp.profile(*numbers, grey=grey)
    if grey and (embedded := _profile_of_rgb(chunks.get(b"iCCP", b""))):
        return embedded
    # Browsers ignore primaries without a gamma.
    if b"sRGB" in chunks or b"gAMA" not in chunks:
        return None
    try:
        return _by_gamma(chunks, grey=grey)
    except (ValueError, struct.error):
        return None  # browsers ignore invalid chunks, too


def _numbers(chunks: Mapping[bytes, bytes]) -> tuple[int, int] | None:
    said = chunks.get(b"cICP", b"")
    if len(said) != 4:  # noqa: PLR2004 - primaries, transfer, matrix, range
        return None
    primaries, transfer, matrix, full_range = said
    counts = (matrix, full_range) == (RGB_MATRIX, FULL_RANGE)
    return (primaries, transfer) if counts and cicp.is_known(primaries, transfer) else None


def _profile_of_rgb(chunk: bytes) -> bytes | None:
    """Return the profile of an iCCP chunk if its space is RGB; `None` for others."""
    _, _, packed = chunk.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if inflater.eof and profile[SPACE] == RGB else None


def _by_gamma(chunks: Mapping[bytes, bytes], *, grey: bool) -> bytes | None:
    (gamma,) = struct.unpack(">I", chunks[b"gAMA"])
    primaries = _primaries(chunks[b"cHRM"]) if b"cHRM" in chunks else cicp.SRGB
    is_srgb_gamma = abs(gamma - SRGB_GAMMA) <= GAMMA_TOLERANCE
    if is_srgb_gamma and (grey or _are_close(primaries, cicp.SRGB)):
        return None
    if not UNIT / 10 <= gamma <= UNIT * 10:
        return None
    exponent = UNIT / gamma

    def light(sample: float) -> float:
        return cicp.srgb_light(sample) if is_srgb_gamma else float(sample**exponent)

    return grey_profile(light) if grey else rgb_profile(primaries, light)


def _primaries(chunk: bytes) -> Primaries:
    values = [each / UNIT for each in struct.unpack(">8I", chunk)]
    points: list[Point] = list(zip(values[::2], values[1::2], strict=True))
    return Primaries(*points)


def _are_close(one: Primaries, other: Primaries) -> bool:
    pairs = zip(_flat(one), _flat(other), strict=True)
    return all(abs(a - b) < 0.001 for a, b in pairs)  # noqa: PLR2004 - writers round


def _flat(primaries: Primaries) -> tuple[float, ...]:
    return (*primaries.white, *primaries.red, *primaries.green, *primaries.blue)


def _colour_chunks(data: bytes) -> Mapping[bytes, bytes]:
    """Return the colour chunks before the pixels by type; the first one if a type repeats."""
    found: dict[bytes, bytes] = {}
    for kind, start, size in islice(png_chunks(data), MAX_CHUNKS):
        if kind in PIXELS_OR_END:
            break
        if kind in COLOUR_CHUNKS:
            found.setdefault(kind, data[start : start + size])
    return found
