"""Builds ICC profiles, so that tests of wide-gamut sources need no third-party files.

They are version 2 matrix profiles: https://www.color.org/specification/ICC.1-2001-04.pdf
"""

import struct

# Primaries adapted to D50, as X, Y, Z.
DISPLAY_P3 = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
ADOBE_RGB = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}
PROPHOTO = {
    b"rXYZ": (0.79767, 0.28804, 0.00000),
    b"gXYZ": (0.13519, 0.71188, 0.00000),
    b"bXYZ": (0.03134, 0.00009, 0.82491),
}
D50 = (0.96420, 1.00000, 0.82491)
GAMMA = 2.2  # near enough to the curve of sRGB for tests that compare to a few steps of 255
ADOBE_GAMMA = 563 / 256
HEADER_BYTES = 128
TABLE_STEPS = 17


def display_p3() -> bytes:
    """Return the bytes of a Display P3 profile."""
    return _rgb("Display P3", DISPLAY_P3, GAMMA)


def adobe_rgb() -> bytes:
    """Return the bytes of an Adobe RGB (1998) profile."""
    return _rgb("Adobe RGB", ADOBE_RGB, ADOBE_GAMMA)


def prophoto() -> bytes:
    """Return the bytes of a ProPhoto RGB profile."""
    return _rgb("ProPhoto", PROPHOTO, 1.8)


def grey(gamma: float) -> bytes:
    """Return the bytes of a profile for grey."""
    return _profile({b"kTRC": _gamma(gamma), **_described("grey")}, b"GRAY")


def table_to_lab() -> bytes:
    """Return a profile of RGB with a lookup table to Lab: Adobe RGB in 17 steps a band.

    The type is `mft2`, section 6.5.10, whose white has L* = 0xFF00 and whose grey a* = 0x8000.
    """
    steps = [step / (TABLE_STEPS - 1) for step in range(TABLE_STEPS)]
    cells = b"".join(
        struct.pack(">3H", *_lab_cell(*(step**ADOBE_GAMMA for step in (red, green, blue))))
        for red in steps
        for green in steps
        for blue in steps
    )
    one = 1 << 16
    head = struct.pack(">4s4xBBBx9i", b"mft2", 3, 3, TABLE_STEPS, one, 0, 0, 0, one, 0, 0, 0, one)
    straight = struct.pack(">2H", 0, 0xFFFF) * 3
    table = head + struct.pack(">2H", 2, 2) + straight + cells + straight
    return _profile({b"A2B0": table, **_described("table")}, b"RGB ", b"Lab ")


def _lab_cell(*light: float) -> tuple[int, int, int]:
    columns = ADOBE_RGB.values()
    sums = [sum(a * b[at] for a, b in zip(light, columns, strict=True)) for at in range(3)]
    x, y, z = (_lab_root(each / white) for each, white in zip(sums, D50, strict=True))
    lightness, red_green, blue_yellow = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    encoded = (lightness * 652.8, (red_green + 128) * 256, (blue_yellow + 128) * 256)
    return tuple(min(0xFFFF, max(0, round(each))) for each in encoded)  # type: ignore[return-value] # three


def _lab_root(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


def _rgb(name: str, primaries: dict[bytes, tuple[float, float, float]], gamma: float) -> bytes:
    tags = {tag: _xyz(*values) for tag, values in primaries.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(gamma))
    return _profile(tags | _described(name), b"RGB ")


def _described(name: str) -> dict[bytes, bytes]:
    return {b"wtpt": _xyz(*D50), b"desc": _description(name), b"cprt": b"text\0\0\0\0CC0\0"}


def _profile(tags: dict[bytes, bytes], space: bytes, connection: bytes = b"XYZ ") -> bytes:
    table = struct.pack(">I", len(tags))
    offset = HEADER_BYTES + 4 + 12 * len(tags)
    body = b""
    for name, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += padded
    size = offset + len(body)
    header = struct.pack(
        ">I4sI4s4s4s12s4s28s3i48s",
        *(
            size,
            b"\0" * 4,
            0x02100000,
            b"mntr",
            space,
            connection,
            b"\0" * 12,
            b"acsp",
            b"\0" * 28,
        ),
        *(round(value * 65536) for value in D50),
        b"\0" * 48,
    )
    return header + table + body


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def _description(text: str) -> bytes:
    ascii_text = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + b"\0" * 78
