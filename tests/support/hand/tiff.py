"""TIFF 6.0."""

import struct

from tests.support.hand.flat import zeros

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 277, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES = 322, 323, 324, 325
PLANAR, CHUNKY, SEPARATE = 284, 1, 2
SHORT, LONG, DEFLATE = 3, 4, 8
GREY, RGB = 1, 2

# Tag to (short or long, values).
Entries = dict[int, tuple[int, tuple[int, ...]]]


def directory(tags: Entries, at: int, then: int) -> bytes:
    """Return a directory for the offset `at`, with the offset of the next."""
    codes = {SHORT: "H", LONG: "I"}
    after = at + 2 + 12 * len(tags) + 4
    rows, beyond = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}{codes[kind]}", *values)
        if len(packed) > 4:
            packed, beyond = struct.pack("<I", after + len(beyond)), beyond + packed
        rows += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    return struct.pack("<H", len(tags)) + rows + struct.pack("<I", then) + beyond


def tiff(side: int, *, rows: int = 16, tile: int = 0, planes: int = 1) -> bytes:
    """Return a flat grey TIFF whose strips, or tiles, are all the same bytes of the file."""
    packed = zeros(tile * tile or rows * side)
    at = 8 + len(packed)
    tags = entries(side, len(packed), rows, tile, planes)
    return b"II*\0" + struct.pack("<I", at) + packed + directory(tags, at, 0)


def entries(side: int, part_bytes: int, rows: int, tile: int = 0, planes: int = 1) -> Entries:
    """Return the tags of a flat TIFF whose parts are all the same bytes; grey, or RGB and more."""
    count = ((-(-side // tile)) ** 2 if tile else -(-side // rows)) * planes
    places, sizes = (LONG, (8,) * count), (LONG, (part_bytes,) * count)
    tags: Entries = {
        WIDTH: (LONG, (side,)),
        HEIGHT: (LONG, (side,)),
        BITS: (SHORT, (8,) * planes),
        COMPRESSION: (SHORT, (DEFLATE,)),
        PHOTOMETRIC: (SHORT, (GREY if planes == 1 else RGB,)),
        SAMPLES: (SHORT, (planes,)),
        PLANAR: (SHORT, (SEPARATE if planes > 1 else CHUNKY,)),
    }
    if tile:
        square = {TILE_WIDTH: (LONG, (tile,)), TILE_HEIGHT: (LONG, (tile,))}
        return tags | square | {TILES: places, TILE_BYTES: sizes}
    return tags | {ROWS_PER_STRIP: (LONG, (rows,)), STRIPS: places, STRIP_BYTES: sizes}


def document(pages: int) -> bytes:
    """Return a TIFF of so many pages, each eight pixels square and the same."""
    packed = zeros(64)
    tags = entries(8, len(packed), 8, 0, 1)
    start, page = 8 + len(packed), len(directory(tags, 0, 0))
    places = [start + page * number for number in range(pages)]
    rows = zip(places, [*places[1:], 0], strict=True)
    directories = b"".join(directory(tags, at, then) for at, then in rows)
    return b"II*\0" + struct.pack("<I", start) + packed + directories


def circle() -> bytes:
    """Return a TIFF whose first directory is also its next."""
    packed = zeros(64)
    at = 8 + len(packed)
    tags = entries(8, len(packed), 8, 0, 1)
    return b"II*\0" + struct.pack("<I", at) + packed + directory(tags, at, at)
