"""Writes ICC profiles for images that declare their colours by numbers, and bounds others.

The written ones are of version 2, https://www.color.org/specification/ICC.1-2001-04.pdf. With them
libvips converts such images like any other.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Curve = Callable[[float], float]
Vector = tuple[float, float, float]
Point = tuple[float, float]

STEPS = 4096
D50: Vector = (0.9642, 1.0, 0.8249)
# The matrix of cone responses by which ICC profiles adapt colours to another white.
BRADFORD: tuple[Vector, ...] = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)
HEADER_BYTES, TAG_ENTRY_BYTES = 128, 12
# Little CMS refuses profiles with more.
MAX_TAGS = 100
FLOAT_TABLES = (b"D2B", b"B2D")
FIELD = "icc-profile-data"  # libvips' metadata field for the profile


@dataclass(frozen=True, slots=True)
class Primaries:
    """CIE 1931 x and y of the white point and of the three primaries."""

    white: Point
    red: Point
    green: Point
    blue: Point


def without_float_tables(profile: bytes) -> bytes:
    """Return a profile whose tables of floating point have names that no reader knows.

    They may chain thousands of steps that all share one matrix: 100 KB of them took over 20 s.
    Browsers do not read them, and every profile must have the tables or matrices that browsers
    read: ICC.1:2022, section 8.
    """
    changed = bytearray(profile)
    (count,) = struct.unpack_from(">I", profile.ljust(HEADER_BYTES + 4, b"\0"), HEADER_BYTES)
    for number in range(min(count, MAX_TAGS)):
        at = HEADER_BYTES + 4 + TAG_ENTRY_BYTES * number
        if changed[at : at + 3] in FLOAT_TABLES:
            changed[at : at + 1] = changed[at : at + 1].lower()
    return bytes(changed)


def rgb_profile(primaries: Primaries, curve: Curve) -> bytes:
    """Return an RGB profile; `curve` maps samples to linear light, both from 0 to 1.

    Raises `ValueError` if the primaries span no colours.
    """
    columns = _columns(primaries)
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, columns), strict=True))
    table = _table(curve)
    return _profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), table))


def grey_profile(curve: Curve) -> bytes:
    """Return a grey profile; `curve` maps samples to linear light, both from 0 to 1."""
    return _profile(b"GRAY", {b"kTRC": _table(curve)})


def _columns(primaries: Primaries) -> tuple[Vector, ...]:
    """Return the primaries' XYZ adapted to D50, scaled so that their sum is its white."""
    white = _tristimulus(primaries.white)
    seen, wanted = _times(BRADFORD, white), _times(BRADFORD, D50)
    if min(map(abs, seen)) == 0:
        raise ValueError("Expected a white point with a response of every cone.")
    gains = [new / old for new, old in zip(wanted, seen, strict=True)]
    corners = [_tristimulus(each) for each in (primaries.red, primaries.green, primaries.blue)]
    shares = _times(_inverse(_transposed(corners)), white)
    adapted = []
    for corner, share in zip(corners, shares, strict=True):
        cones = _times(BRADFORD, corner)
        scaled = [cone * gain * share for cone, gain in zip(cones, gains, strict=True)]
        adapted.append(_times(_inverse(BRADFORD), scaled))
    return tuple(adapted)


def _tristimulus(point: Point) -> Vector:
    x, y = point
    if y <= 0:
        raise ValueError("Expected a y above 0.")
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> Vector:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _transposed(columns: Sequence[Vector]) -> list[Vector]:
    return list(zip(*columns, strict=True))


def _inverse(matrix: Sequence[Sequence[float]]) -> list[Vector]:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    minors = (e * i - f * h, f * g - d * i, d * h - e * g)
    determinant = a * minors[0] + b * minors[1] + c * minors[2]
    if determinant == 0:
        raise ValueError("Expected three primaries that span colours.")
    rows = (
        (minors[0], c * h - b * i, b * f - c * e),
        (minors[1], a * i - c * g, c * d - a * f),
        (minors[2], b * g - a * h, a * e - b * d),
    )
    return [(x / determinant, y / determinant, z / determinant) for x, y, z in rows]


def _table(curve: Curve) -> bytes:
    light = (min(1.0, max(0.0, curve(step / (STEPS - 1)))) for step in range(STEPS))
    samples = [round(65535 * each) for each in light]
    return b"curv\0\0\0\0" + struct.pack(f">I{STEPS}H", STEPS, *samples)


def _xyz(values: Vector) -> bytes:
    # 16.16 fixed point. Values that do not fit come from broken primaries.
    try:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))
    except struct.error as error:
        raise ValueError("Expected primaries that a profile can hold.") from error


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    name = b"from numbers\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": _xyz(D50), **tags}
    listed, body = struct.pack(">I", len(tags)), b""
    start = HEADER_BYTES + 4 + 12 * len(tags)
    for tag, value in tags.items():
        listed += struct.pack(">4sII", tag, start + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s28s12s48s",
        *(start + len(body), b"", 0x02100000, b"mntr", space, b"XYZ ", b"", b"acsp", b""),
        _xyz(D50)[8:],
        b"",
    )
    return header + listed + body
