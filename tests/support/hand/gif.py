"""GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""

import struct


def gif(width: int, height: int, *, frames: int = 1, side: int = 1) -> bytes:
    """Return a GIF of a canvas of any size and frames of `side` black pixels square."""
    pixels = side * side
    # Codes of three bits: 4 clears the table, 0 is black, 5 ends; cleared after each pixel.
    codes = "".join(f"{code:03b}"[::-1] for code in [*([4, 0] * pixels), 5])
    packed = bytes(int(codes[at : at + 8][::-1], 2) for at in range(0, len(codes), 8))
    blocks = b"".join(
        bytes([len(packed[at : at + 255])]) + packed[at : at + 255]
        for at in range(0, len(packed), 255)
    )
    delay = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    frame = delay + b"\x2c" + struct.pack("<HHHHBB", 0, 0, side, side, 0, 2) + blocks + b"\0"
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return header + frame * frames + b"\x3b"


def with_blocks(count: int) -> bytes:
    """Return a GIF of a pixel, with a comment in blocks of one byte each."""
    return gif(1, 1)[:-1] + b"\x21\xfe" + b"\x01x" * count + b"\0\x3b"
