"""JPEG in a TIFF: each strip and each tile must have whole scans."""

from collections.abc import Callable, Sequence

import pytest
import pyvips

from shared.imaging.formats.tiff_directory import first_directory
from shared.model.errors import Cause
from tests.imaging.rendering import colour, near, refused
from tests.support import images
from tests.support.hand.tiff_entries import COLOUR, longs, shorts, with_entries

pytestmark = pytest.mark.imaging

WIDTH, ROWS = 32, 16
START = 8
TABLES, SUBSAMPLING = 347, 530


def stream(subsampling: int) -> bytes:
    picture = images.plain(COLOUR, size=(WIDTH, ROWS))
    return images.saved(picture, "JPEG", quality=95, subsampling=subsampling)


STREAM = stream(2)


def of_streams(*streams: bytes, height: int, without: Sequence[int] = ()) -> bytes:
    """Return a TIFF whose strips are whole JPEG files of `ROWS` rows."""
    places = [START + sum(map(len, streams[:number])) for number in range(len(streams))]
    return with_entries(
        longs(256, WIDTH),
        longs(257, height),
        shorts(259, 7),
        shorts(262, 6),
        longs(273, *places),
        longs(278, ROWS),
        longs(279, *map(len, streams)),
        shorts(SUBSAMPLING, 2, 2),
        body=b"".join(streams),
        without=without,
    )


HARMLESS: dict[str, bytes] = {
    "two strips": of_streams(STREAM, STREAM, height=2 * ROWS),
    "a last strip of too many rows": of_streams(STREAM, STREAM, height=ROWS + 8),
    "another subsampling than declared": of_streams(stream(0), height=ROWS, without=[SUBSAMPLING]),
    "bytes behind the end of a strip": of_streams(STREAM + bytes(9), STREAM, height=2 * ROWS),
}


@pytest.mark.parametrize("data", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_whole_scan_is_rendered_whatever_libtiff_warns_of(data: bytes) -> None:
    assert near(colour(data), COLOUR, 3)


def photo(*, tile: bool) -> bytes:
    """Return a photo-like TIFF of JPEG, as libvips writes it, with common tables."""
    picture = images.detail((400, 300))
    flat = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, 3, "uchar")
    rgb = flat.copy(interpretation="srgb")
    return bytes(rgb.tiffsave_buffer(compression="jpeg", tile=tile))


PHOTOS = {"strips": photo(tile=False), "tiles": photo(tile=True)}


def damaged(data: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    """Return the file with one part changed; its length stays."""
    first = first_directory(data)
    places = first.values(273) or first.values(324)
    lengths = first.values(279) or first.values(325)
    at, length = places[number], lengths[number]
    return data[:at] + change(data[at : at + length]).ljust(length, b"\0") + data[at + length :]


END = b"\xff\xd9"
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "the last third is zeros": lambda part: part[: len(part) * 2 // 3],
    "the last third is gone": lambda part: part[: len(part) * 2 // 3].rstrip(b"\xff") + END,
    "the last tenth is gone": lambda part: part[: len(part) * 9 // 10].rstrip(b"\xff") + END,
    "all is zeros": lambda part: b"",
    "all but the header is gone": lambda part: part[: len(part) // 50].rstrip(b"\xff") + END,
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("data", PHOTOS.values(), ids=PHOTOS.keys())
def test_a_strip_or_tile_without_all_its_scan_is_refused(
    data: bytes, number: int, change: Callable[[bytes], bytes]
) -> None:
    assert refused(damaged(data, number, change)).cause in {Cause.CORRUPT, Cause.TRUNCATED}


@pytest.mark.parametrize("data", PHOTOS.values(), ids=PHOTOS.keys())
def test_damage_that_libjpeg_does_not_see_is_refused(data: bytes) -> None:
    """The scans are walked, in strips and in tiles."""
    changed = damaged(data, 1, lambda part: part[:1000] + part[1040:])

    assert refused(changed).cause is Cause.CORRUPT
    assert "MCU" in refused(changed).detail


def test_stray_bytes_at_the_end_of_a_scan_are_harmless() -> None:
    stray = STREAM.removesuffix(END) + b"stray" + END

    assert near(colour(of_streams(stray, STREAM, height=2 * ROWS)), COLOUR, 3)


def test_a_strip_without_its_end_marker_is_rendered() -> None:
    data = of_streams(STREAM, STREAM.removesuffix(END), height=2 * ROWS)

    assert near(colour(data), COLOUR, 3)
