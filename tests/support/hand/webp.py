"""WebP: RFC 9649."""

import struct


def vp8l(width: int, height: int) -> bytes:
    """Return lossless WebP's pixels: every prefix code has one symbol, so no pixel has a bit."""
    bits = f"{width - 1:014b}"[::-1] + f"{height - 1:014b}"[::-1]
    bits += "0" + "000" + "0" + "0" + "0" + "1000" * 5  # no alpha, version, nothing else
    bits += "0" * (-len(bits) % 8 + 32)
    return b"\x2f" + bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def webp(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def still(width: int, height: int) -> bytes:
    """Return a flat WebP of any size that the format knows, in some forty bytes."""
    return webp(chunk(b"VP8L", vp8l(width, height)))


def moving(width: int, height: int, frames: int, *, side: int | None = None) -> bytes:
    """Return a WebP of equal frames, each the whole canvas or a square of `side` in its corner."""

    def three(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    across, down = side or width, side or height
    place = three(0) * 2 + three(across - 1) + three(down - 1) + three(40) + b"\0"
    frame = chunk(b"ANMF", place + chunk(b"VP8L", vp8l(across, down)))
    head = chunk(b"VP8X", b"\x02\0\0\0" + three(width - 1) + three(height - 1))
    return webp(head + chunk(b"ANIM", bytes(6)) + frame * frames)
