"""AVIF and HEIC as boxes: ISO/IEC 14496-12 and 23008-12."""

import base64
import struct
import zlib
from collections.abc import Iterator

# An encoder's output for 8000x8000 black pixels, which takes four seconds.
BLACK_8000 = (
    "c-muNV30{GsVqn=%S>Yc0uY^>nP!-qnF!*)%uOvxWPkw0jFg-rD4U@mGr5ET4e%9YmgIt2j6f`xnUkLk;<$kLj1W"
    ";qULgJnWNTz*=B2^aN&z{kOi*58nSr5meoj8vu8horq5>f8nOTsW52QshiwjaA*2z0SFv#ADOt5ASAi<MZX6W1~F"
    "9Q+~PR`FM%1h3v0Gi9oz}5g163;Bih4~2REEYzlW)=npCdS;9#1bI}E-v}ccJ-gX&EUu|HG07;!FM$B{y&{R4A$p"
    "Q>3FZ-Ek0v^=Q-_05A9v5#|pTW>}x%zPjbI0aw}YuCp1qyUn40r$ojxDdFGeTuf>ENHFaFDQf8HB!@y~_#H0DM_;"
    "<f6%e0;!`SPMqPW+P9QQyDo_f6Bko+xsOMZcuMihO&021+lvzAXX(vLp^W"
)


def black_8000() -> bytes:
    """Return an AVIF of 64 megapixels in 774 bytes."""
    return zlib.decompress(base64.b85decode(BLACK_8000))


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def full_box(name: bytes, data: bytes, *, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]) + data)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the content of each box."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += max(8, size)


def _property(avif: bytes, name: bytes) -> bytes:
    meta = dict(boxes(avif))[b"meta"][4:]
    properties = dict(boxes(dict(boxes(meta))[b"iprp"]))[b"ipco"]
    return dict(boxes(properties))[name]


def grid(tile: bytes, side: int, across: int, down: int, *, times: int = 1) -> bytes:
    """Return an AVIF grid whose tiles are all one item: the square AVIF `tile`.

    `times` multiplies the declared size, so that the grid says more than its tiles can fill.
    """
    pixels = dict(boxes(tile))[b"mdat"]
    width, height = side * across * times, side * down * times
    content = struct.pack(">BBBBII", 0, 1, down - 1, across - 1, width, height)
    ftyp = box(b"ftyp", b"avif\0\0\0\0avifmif1miaf")
    meta = _grid_meta(tile, (side, width, height), across * down, (0, 0, 0))
    start = len(ftyp) + len(meta) + 8
    meta = _grid_meta(
        tile, (side, width, height), across * down, (start, len(content), len(pixels))
    )
    return ftyp + meta + box(b"mdat", content + pixels)


def _grid_meta(
    tile: bytes, sizes: tuple[int, int, int], count: int, places: tuple[int, int, int]
) -> bytes:
    side, width, height = sizes
    start, content_bytes, pixel_bytes = places
    items = b"".join(
        full_box(b"infe", struct.pack(">HH", number, 0) + kind + b"\0", version=2)
        for number, kind in ((1, b"grid"), (2, b"av01"))
    )
    located = b"".join(
        struct.pack(">HHHII", number, 0, 1, at, size)
        for number, at, size in (
            (1, start, content_bytes),
            (2, start + content_bytes, pixel_bytes),
        )
    )
    properties = b"".join(
        full_box(b"ispe", struct.pack(">II", *size)) for size in ((width, height), (side, side))
    )
    properties += box(b"av1C", _property(tile, b"av1C")) + box(b"pixi", _property(tile, b"pixi"))
    owners = struct.pack(">IHBBBHBBBB", 2, 1, 2, 1, 4, 2, 3, 2, 0x83, 4)
    references = struct.pack(">HH", 1, count) + struct.pack(">H", 2) * count
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full_box(b"pitm", struct.pack(">H", 1))
        + full_box(b"iloc", b"\x44\x00" + struct.pack(">H", 2) + located)
        + full_box(b"iinf", struct.pack(">H", 2) + items)
        + full_box(b"iref", box(b"dimg", references))
        + box(b"iprp", box(b"ipco", properties) + full_box(b"ipma", owners)),
    )


def with_items(
    image: bytes,
    count: int,
    extents: int,
    *,
    kind: bytes = b"mime\0application/rdf+xml\0",
    content: bytes = bytes(1_000_000),
) -> bytes:
    """Return an AVIF of one item with so many items of metadata, each `extents` times `content`.

    All share the same bytes of the file. `kind` is the type of the items, and what follows it.
    """
    outer = dict(boxes(image))
    inner = dict(boxes(outer[b"meta"][4:]))
    pixels = outer[b"mdat"]
    numbers = range(10, 10 + count)

    def meta(start: int) -> bytes:
        rows = struct.pack(">HHHII", 1, 0, 1, start, len(pixels))
        place = struct.pack(">II", start + len(pixels), len(content)) * extents
        rows += b"".join(struct.pack(">HHH", each, 0, extents) + place for each in numbers)
        coded = b"hvc1\0" if b"hvc1" in inner[b"iinf"] else b"av01\0"
        kinds = [(1, coded), *((each, kind) for each in numbers)]
        entries = b"".join(
            full_box(b"infe", struct.pack(">HH", each, 0) + name, version=2)
            for each, name in kinds
        )
        refers = b"".join(box(b"cdsc", struct.pack(">HHH", each, 1, 1)) for each in numbers)
        return full_box(
            b"meta",
            box(b"hdlr", inner[b"hdlr"])
            + full_box(b"pitm", struct.pack(">H", 1))
            + full_box(b"iloc", b"\x44\0" + struct.pack(">H", count + 1) + rows)
            + full_box(b"iinf", struct.pack(">H", count + 1) + entries)
            + full_box(b"iref", refers)
            + box(b"iprp", inner[b"iprp"]),
        )

    ftyp = box(b"ftyp", outer[b"ftyp"])
    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", pixels + content)
