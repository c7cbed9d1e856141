"""Builds a Display P3 colour profile, so that tests of wide-gamut sources need no file of others.

A version 2 matrix profile as https://www.color.org/specification/ICC.1-2001-04.pdf describes it.
"""

import struct

# Display P3 primaries adapted to D50, and D50 itself, as X, Y, Z.
DISPLAY_P3 = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
    b"wtpt": (0.96420, 1.00000, 0.82491),
}
GAMMA = 2.2  # near enough to the curve of sRGB for tests that compare to a few steps of 255
HEADER_BYTES = 128


def display_p3() -> bytes:
    """Return the bytes of a Display P3 profile."""
    tags = {name: _xyz(*values) for name, values in DISPLAY_P3.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(GAMMA))
    tags |= {b"desc": _description("Display P3"), b"cprt": b"text\0\0\0\0CC0\0"}
    return _profile(tags)


def _profile(tags: dict[bytes, bytes]) -> bytes:
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
        *(size, b"\0" * 4, 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"\0" * 12, b"acsp", b"\0" * 28),
        *(round(value * 65536) for value in DISPLAY_P3[b"wtpt"]),
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
