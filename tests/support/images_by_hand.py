"""Writes byte by byte the files that no available encoder writes."""

import struct
import zlib
from collections.abc import Mapping, Sequence

Chunk = tuple[bytes, bytes]
Field = tuple[int, Sequence[int]]
Box = tuple[int, int, int, int]

SIDE = 16
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
BYTE, SHORT, LONG = 1, 3, 4
CODES = {BYTE: "B", SHORT: "H", LONG: "I"}
STRIPS = 273


def png(kind: int, bits: int, row: bytes, *, before: Sequence[Chunk] = ()) -> bytes:
    """Return a PNG of `SIDE` equal rows, with chunks before its pixels."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, bits, kind, 0, 0, 0)
    pixels = zlib.compress((b"\0" + row) * SIDE)
    chunks = [(b"IHDR", header), *before, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def plain_png(colour: Sequence[int], *before: Chunk) -> bytes:
    """Return a PNG of one colour in 8 bits: grey, grey and alpha, RGB, or RGB and alpha."""
    kind = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGB_ALPHA}[len(colour)]
    return png(kind, 8, bytes(colour) * SIDE, before=before)


def apng(first: Sequence[int], second: Sequence[int]) -> bytes:
    """Return an animated PNG of two plain colours."""
    control = struct.pack(">IIIIHHBB", SIDE, SIDE, 0, 0, 1, 10, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(second) * SIDE) * SIDE)
    later = _chunk(b"fcTL", struct.pack(">I", 1) + control)
    later += _chunk(b"fdAT", struct.pack(">I", 2) + pixels)
    moves = (b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", struct.pack(">I", 0) + control)
    still, end = plain_png(first, *moves), _chunk(b"IEND", b"")
    return still.removesuffix(end) + later + end


def tiff(body: bytes, fields: Mapping[int, Field] | None = None, *, order: str = "<") -> bytes:
    """Return a TIFF of one RGB strip of 8 bits, `SIDE` by `SIDE`, with other fields put on top.

    The strip begins behind the directory; where `fields` names more strips they are offsets in
    `body`.
    """
    said: dict[int, Field] = {
        256: (SHORT, (SIDE,)),
        257: (SHORT, (SIDE,)),
        258: (SHORT, (8, 8, 8)),
        259: (SHORT, (1,)),
        262: (SHORT, (2,)),
        STRIPS: (LONG, (0,)),
        277: (SHORT, (3,)),
        278: (SHORT, (SIDE,)),
        279: (LONG, (len(body),)),
        **(fields or {}),
    }
    start = _directory_bytes(said)
    said[STRIPS] = (LONG, [start + at for at in said[STRIPS][1]])
    entries, beyond = b"", b""
    place = 8 + 2 + 12 * len(said) + 4
    for tag, (kind, values) in sorted(said.items()):
        value = struct.pack(f"{order}{len(values)}{CODES[kind]}", *values)
        entries += struct.pack(f"{order}HHI", tag, kind, len(values))
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
            continue
        entries += struct.pack(f"{order}I", place + len(beyond))
        beyond += value
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(f"{order}IH", 8, len(said))
    return head + entries + bytes(4) + beyond + body


def bmp(
    body: bytes,
    *,
    size: tuple[int, int] = (4, 2),
    bits: int = 24,
    compression: int = 0,
    masks: bytes = b"",
    palette: bytes = b"",
) -> bytes:
    """Return a BMP: a height under zero is stored from the top; masks for alpha make it a V5."""
    length = 124 if len(masks) == 16 else 40
    start = 14 + length + (len(masks) if length == 40 else 0) + len(palette)
    header = struct.pack(
        "<IiiHHIIiiII", length, *size, 1, bits, compression, len(body), 0, 0, len(palette) // 4, 0
    )
    head = b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start)
    return head + (header + masks).ljust(length, b"\0") + palette + body


def bmp_with_profile(body: bytes, profile: bytes) -> bytes:
    """Return a BMP of 24 bits, four by two, with an embedded colour profile."""
    plain = bytearray(bmp(body, bits=32, compression=3, masks=struct.pack("<4I", *MASKS)))
    plain[14 + 56 : 14 + 60] = b"DEBM"
    struct.pack_into("<II", plain, 14 + 112, len(plain) - 14, len(profile))
    return bytes(plain) + profile


MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


def _directory_bytes(said: Mapping[int, Field]) -> int:
    sizes = (struct.calcsize(f"={len(values)}{CODES[kind]}") for kind, values in said.values())
    return 8 + 2 + 12 * len(said) + 4 + sum(size for size in sizes if size > 4)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gif(*frames: tuple[Box, int, Sequence[int]], controls: bool = True) -> bytes:
    """Return a GIF of `SIDE` by `SIDE` whose frames are a box, a disposal, and one colour.

    No frame names a transparent colour.
    """
    out = b"GIF89a" + struct.pack("<HH", SIDE, SIDE) + bytes(3)
    for box, disposal, colour in frames:
        out += bytes((0x21, 0xF9, 4, disposal << 2, 10, 0, 0, 0)) if controls else b""
        out += b"\x2c" + struct.pack("<4H", *box) + b"\x80" + bytes((*colour, 0, 0, 0))
        # Codes of three bits, with a new table before every pixel, so that they stay so short.
        codes = (4, 0) * (box[2] * box[3]) + (5,)
        bits = sum(code << 3 * place for place, code in enumerate(codes))
        packed = bits.to_bytes((3 * len(codes) + 7) // 8, "little")
        parts = (packed[at : at + 255] for at in range(0, len(packed), 255))
        out += b"\x02" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    return out + b"\x3b"
