"""A TIFF is rendered only if all its strips or tiles are in the file, with all their bytes."""

import struct
import zlib
from collections.abc import Callable

import pytest
import pyvips

from shared.model.errors import Cause
from tests.imaging.rendering import colour, near, refused
from tests.support import images
from tests.support.hand.tiff_entries import COLOUR, PIXELS, SIDE, longs, shorts, with_entries

pytestmark = pytest.mark.imaging

ROWS, OFFSETS, LENGTHS, PLANAR = 278, 273, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_LENGTHS = 322, 323, 324, 325
START, ALL, HALF = 8, len(PIXELS), len(PIXELS) // 2
Places = tuple[int, ...]


def halves(offsets: Places = (START, START + HALF), sizes: Places = (HALF, HALF)) -> bytes:
    """Return the plain picture in two strips."""
    return with_entries(longs(ROWS, SIDE // 2), longs(OFFSETS, *offsets), longs(LENGTHS, *sizes))


def planes(offsets: Places = (START, START + 256, START + 512)) -> bytes:
    """Return the plain picture in one strip for each colour."""
    body = b"".join(bytes([each]) * 256 for each in COLOUR)
    sizes = longs(LENGTHS, *[256] * len(offsets))
    return with_entries(shorts(PLANAR, 2), longs(OFFSETS, *offsets), sizes, body=body)


def tiles(offsets: Places = (START, START), sizes: Places = (ALL, ALL)) -> bytes:
    """Return two tiles with the same bytes."""
    return with_entries(
        longs(256, 2 * SIDE),
        longs(TILE_WIDTH, SIDE),
        longs(TILE_HEIGHT, SIDE),
        longs(TILE_OFFSETS, *offsets),
        longs(TILE_LENGTHS, *sizes),
        without=[OFFSETS, LENGTHS, ROWS],
    )


WHOLE = {"two strips": halves(), "three planes": planes(), "two tiles": tiles()}
FAR = 1 << 20
END = START + ALL  # the directory begins here

LOST: dict[str, bytes] = {
    "a strip at offset 0": halves((START, 0)),
    "the only strip at offset 0": with_entries(longs(OFFSETS, 0)),
    "a strip in the header": halves((4, START + HALF)),
    "a strip in the directory": halves((START, END + 14)),
    "a strip beyond the file": halves((START, FAR)),
    "a strip at the largest offset": halves((START, 2**32 - 1)),
    "a strip without bytes": halves(sizes=(HALF, 0)),
    "the only strip without bytes": with_entries(longs(LENGTHS, 0)),
    "a strip of too few bytes": halves(sizes=(HALF, HALF - 1)),
    "the only strip of too few bytes": with_entries(longs(LENGTHS, len(PIXELS) // 2)),
    "fewer strips than rows": halves((START,), (HALF,)),
    "fewer lengths than strips": halves(sizes=(HALF,)),
    "no strips": with_entries(without=[OFFSETS]),
    "a strip that ends with the file": with_entries(longs(OFFSETS, 9), body=PIXELS[:-200]),
    "fewer strips than planes": planes((START, START + 256)),
    "a plane at offset 0": planes((START, 0, START + 512)),
    "a tile at offset 0": tiles((START, 0)),
    "a tile beyond the file": tiles((START, FAR)),
    "a tile without bytes": tiles(sizes=(ALL, 0)),
    "a tile of too few bytes": tiles(sizes=(ALL, 100)),
    "fewer tiles than the picture needs": tiles((START,), (ALL,)),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_strips_planes_and_tiles_are_rendered(data: bytes) -> None:
    assert near(colour(data), COLOUR)


@pytest.mark.parametrize("data", LOST.values(), ids=LOST.keys())
def test_missing_strips_and_tiles_are_refused(data: bytes) -> None:
    failure = refused(data)

    assert failure.cause is Cause.TRUNCATED
    assert failure.detail.startswith("Expected a ")


def test_a_sparse_tiff_of_more_parts_than_are_read_is_too_costly() -> None:
    data = with_entries(
        longs(256, 60_000), longs(257, 60_000), longs(TILE_WIDTH, 16), longs(TILE_HEIGHT, 16)
    )

    assert refused(data).cause is Cause.TOO_COSTLY


def packed(compression: str, *, tile: bool) -> bytes:
    """Return a photo-like TIFF, as libvips compresses it, in several parts."""
    picture = images.detail((300, 300))
    flat = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, 3, "uchar")
    options = {"tile": tile, "tile_width": 128, "tile_height": 128}
    rgb = flat.copy(interpretation="srgb")
    return bytes(rgb.tiffsave_buffer(compression=compression, **options))


def last_part(data: bytes) -> tuple[int, int, int]:
    """Return offset and length of the last part, and where its offset is stored."""
    entries_at = int.from_bytes(data[4:8], "little") + 2
    found = {}
    while (entry := struct.unpack_from("<HHII", data, entries_at))[0] <= TILE_LENGTHS:
        found[entry[0]] = entry[2:]
        entries_at += 12
    tiled = TILE_OFFSETS in found
    count, offsets_at = found[TILE_OFFSETS if tiled else OFFSETS]
    _, lengths_at = found[TILE_LENGTHS if tiled else LENGTHS]
    place = offsets_at + 4 * (count - 1)
    at = struct.unpack_from("<I", data, place)[0]
    return at, struct.unpack_from("<I", data, lengths_at + 4 * (count - 1))[0], place


def nowhere(data: bytes) -> bytes:
    _, _, place = last_part(data)
    return data[:place] + bytes(4) + data[place + 4 :]


def zeroed(data: bytes) -> bytes:
    at, length, _ = last_part(data)
    return data[: at + length // 3] + bytes(length - length // 3) + data[at + length :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {"nowhere": nowhere, "zeroed": zeroed}
COMPRESSIONS = ("lzw", "deflate", "packbits", "jpeg")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("tile", [False, True], ids=["strips", "tiles"])
def test_a_compressed_part_without_its_bytes_is_refused(
    compression: str,
    tile: bool,  # noqa: FBT001 - a parameter
    damage: Callable[[bytes], bytes],
) -> None:
    data = packed(compression, tile=tile)

    assert refused(damage(data)).cause in {Cause.TRUNCATED, Cause.CORRUPT}


def deflated(*parts: bytes, rows: int) -> bytes:
    """Return the plain picture in deflated strips of so many rows."""
    body = b"".join(parts)
    starts = [START + sum(map(len, parts[:number])) for number in range(len(parts))]
    return with_entries(
        shorts(259, 8),
        longs(ROWS, rows),
        longs(OFFSETS, *starts),
        longs(LENGTHS, *map(len, parts)),
        body=body,
    )


PACKED, LARGE_STRIP = zlib.compress(PIXELS), PIXELS[: len(PIXELS) * 12 // SIDE]
HARMLESS_DEFLATE: dict[str, bytes] = {
    "one strip": deflated(PACKED, rows=SIDE),
    "no checksum": deflated(PACKED[:-4], rows=SIDE),
    "bytes behind the checksum": deflated(PACKED + b"more", rows=SIDE),
    "a last strip of too many rows": deflated(*[zlib.compress(LARGE_STRIP)] * 2, rows=12),
}


@pytest.mark.parametrize("data", HARMLESS_DEFLATE.values(), ids=HARMLESS_DEFLATE.keys())
def test_deflated_pixels_need_no_checksum(data: bytes) -> None:
    assert near(colour(data), COLOUR)


def test_a_wrong_checksum_of_deflated_pixels_is_corrupt() -> None:
    failure = refused(deflated(PACKED[:-4] + b"1234", rows=SIDE))

    assert failure.cause is Cause.CORRUPT
    assert "data check" in failure.detail
