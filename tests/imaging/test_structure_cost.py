"""The readers in Python take no longer for a hostile structure than for four photos."""

import struct
import time
import zlib
from collections.abc import Callable
from functools import partial

import pytest
import pyvips

from shared.imaging.damage.gif import refuse_missing_pixels
from shared.imaging.formats import av1, heif_alpha, heif_repair, heif_sequence, hevc, hevc_units
from shared.imaging.formats import tiff as tiff_refusals
from shared.imaging.formats.bmp_runs import Runs, decoded
from shared.imaging.formats.fax import without_end
from shared.imaging.formats.gif_pixels import with_ends
from shared.imaging.formats.heif_properties import primaries_and_transfer
from shared.imaging.formats.jpeg_repair import repaired
from shared.imaging.intake.bombs import refuse_bombs
from shared.imaging.metadata import heif, jpeg, png
from shared.imaging.metadata import tiff as tiff_metadata
from shared.imaging.native.jpeg_walk import walk
from shared.model.errors import Failure, TooCostly
from tests.support import images
from tests.support.hand import apng
from tests.support.hand import gif as gif_by_hand
from tests.support.hand import heif as heif_by_hand
from tests.support.hand import jpeg as jpeg_by_hand
from tests.support.hand import tiff_entries as tiff
from tests.support.hand.iso import box, full_box

pytestmark = pytest.mark.imaging

PHOTO_SIZE = (4000, 3000)
TRIES = 3
FTYP = box(b"ftyp", b"avif\0\0\0\0avifmif1")
EXIF_ITEM = full_box(b"infe", struct.pack(">HH", 1, 0) + b"Exif\0", version=2)
ITEMS = full_box(b"iinf", struct.pack(">H", 1) + EXIF_ITEM)
# Its offsets and lengths have no bytes, so that 65,535 extents have none either.
EXTENTS = full_box(b"iloc", bytes(2) + struct.pack(">HHHH", 1, 1, 0, 65_535))


def long_box(name: bytes, content: bytes) -> bytes:
    """Return a box that claims to go on after its parent, to the end of the file."""
    return struct.pack(">I4s", 1 << 30, name) + content


def png_of_broken_texts() -> bytes:
    """Return a PNG whose XMP packets are all too long, which shows when they are inflated."""
    packed = zlib.compress(bytes(2 << 20), 9)
    content = png.XMP_KEYWORD + b"\1\0\0\0" + packed
    chunk = struct.pack(">I", len(content)) + b"iTXt" + content + bytes(4)
    return b"\x89PNG\r\n\x1a\n" + chunk * 1_500


def avif_of_lists(name: bytes, head: bytes) -> bytes:
    """Return an AVIF with 1,500 lists of items, each of which claims the rest of the file."""
    return FTYP + full_box(b"meta", long_box(name, head)) * 1_500 + box(b"free", b"") * 6_000


def avif_of_one_association() -> bytes:
    """Return an AVIF that names the properties of its image 32,000 times."""
    each = struct.pack(">HB", 1, 255) + bytes(255)
    maps = full_box(b"ipma", struct.pack(">I", 32_000) + each * 32_000)
    properties = box(b"iprp", box(b"ipco", b"") + maps)
    return FTYP + full_box(b"meta", full_box(b"pitm", b"\0\1") + properties)


def avif_of_references(count: int = 2_000, each: int = 65_535) -> bytes:
    """Return an AVIF whose image refers to itself many million times."""
    listed = box(b"auxl", struct.pack(">HH", 1, each) + b"\0\1" * each) * (count // 1_000)
    listed += box(b"auxl", struct.pack(">HHH", 1, 1, 1)) * count
    properties = box(b"iprp", box(b"ipco", b"") + full_box(b"ipma", bytes(4)))
    inner = full_box(b"pitm", b"\0\1") + properties + full_box(b"iref", listed)
    return FTYP + full_box(b"meta", inner)


def avif_of_alphas() -> bytes:
    """Return an AVIF with 9,000 alpha planes, each of which may have 8,000,000 properties."""
    listed = full_box(b"auxC", b"nothing\0") * 9_000
    each = struct.pack(">HB", 2, 255) + bytes(range(1, 256))
    maps = full_box(b"ipma", struct.pack(">I", 32_000) + each * 32_000)
    refers = box(b"auxl", struct.pack(">HHH", 2, 1, 1)) * 9_000
    inner = full_box(b"pitm", b"\0\1") + full_box(b"iref", refers)
    return FTYP + full_box(b"meta", inner + box(b"iprp", box(b"ipco", listed) + maps))


def endless_number() -> bytes:
    """Return an AV1 sequence header whose number of ticks has eight million zeros."""
    return bytes((0x08, 0x00, 0x04)) + bytes(8) + b"\x40" + bytes(1 << 20)


def avif_of_tracks() -> bytes:
    """Return an AVIF with 1,500 tables of samples, each of which claims the rest of the file."""
    film = box(b"meta", bytes(4))
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        film += long_box(name, b"") * 300
    return FTYP + film + box(b"free", b"") * 30_000


def apng_of_chunks() -> bytes:
    """Return an animated PNG with as many empty pieces of a frame as a PNG may have chunks."""
    pieces = [(b"fdAT", struct.pack(">I", number)) for number in range(2, 10_100)]
    first, last = list(apng.chunks((1, 1), [apng.Frame(bytes(4), 1, 1)] * 2)), (b"IEND", b"")
    return apng.joined([*first[:5], *pieces, last])


def long_configuration() -> bytes:
    """Return an `hvcC` of 255 times 20,000 sequence parameters of full range."""
    whole = heif_by_hand.heic(images.plain(100, "L", (64, 64))).configuration[8:]
    at = whole.index(b"\x61\0\1") + 3
    size = int.from_bytes(whole[at : at + 2], "big")
    units = struct.pack(">BH", 33, 20_000) + whole[at : at + 2 + size] * 20_000
    return whole[:22] + b"\xff" + units * 10


def jpeg_of_comments_after_a_scan() -> bytes:
    scan = jpeg_by_hand.scan(1, 0, 63, 0, bytes(8))
    comments = jpeg_by_hand.segment(0xFE, b"") * 500_000
    return jpeg_by_hand.jpeg(8, 8, components=3, scans=scan + comments)


def jpeg_of_tables() -> bytes:
    """Return a JPEG of 9,000 segments of Huffman tables, 40 MB."""
    tables = jpeg_by_hand.segment(0xC4, (bytes([0]) + bytes(16)) * 260)
    start = b"\xff\xda"
    return jpeg_by_hand.flat(400, 300).replace(start, tables * 9_000 + start)


def jpeg_of_empty_scans() -> bytes:
    """Return a progressive JPEG of 25 megapixels and 90 scans, of nearly no bytes."""
    return jpeg_by_hand.progressive(5000, 5000, components=3, scans=90)


FILLED = b"\xff\xd8" + b"\xff" * 40_000 + bytes(1) + images.jpeg()[2:]
ROW_OF_RUNS = b"\xff\1" * 1_000 + bytes(2)


def png_of_equal_chunks() -> bytes:
    plain = images.png()
    chunk = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 45_455)
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    return plain[:33] + chunk * 9_000 + plain[33:]


def open_png(data: bytes) -> object:
    return pyvips.Image.pngload_buffer(png.without_metadata(data))


def decode_runs(data: bytes) -> object:
    return decoded(Runs(1, 3_000, 8, data))


def units_of_hevc(data: bytes) -> str:
    return hevc_units.what_is_missing(data, 4)


def count_pixels(data: bytes) -> None:
    refuse_missing_pixels(data, 5_000, 64)


def tiff_of_strips(compression: int) -> bytes:
    """Return a TIFF of 300,000 strips, which are all the same byte."""
    rows = 300_000
    places, lengths = tiff.longs(273, *[8] * rows), tiff.longs(279, *[1] * rows)
    size = (tiff.longs(256, 1), tiff.longs(257, rows), tiff.longs(278, 1))
    pixel = (tiff.shorts(258, 8), tiff.shorts(277, 1), tiff.shorts(259, compression))
    return tiff.with_entries(*size, *pixel, places, lengths)


Read = tuple[Callable[[bytes], object], Callable[[], bytes]]
READ: dict[str, Read] = {
    "JPEG, 40000 fill bytes": (jpeg.header_without_metadata, lambda: FILLED),
    "JPEG, comments after a scan": (repaired, jpeg_of_comments_after_a_scan),
    "PNG, XMP packets": (png.read_metadata, png_of_broken_texts),
    "PNG, equal chunks": (open_png, png_of_equal_chunks),
    "JPEG, tables that no scan uses": (walk, jpeg_of_tables),
    "JPEG, a scan for each pair of bytes": (walk, jpeg_of_empty_scans),
    "AVIF, lists of items": (
        heif.without_metadata,
        lambda: avif_of_lists(b"iinf", bytes(6)),
    ),
    "AVIF, extents": (
        heif.read_metadata,
        lambda: FTYP + full_box(b"meta", ITEMS + EXTENTS) * 100,
    ),
    "AVIF, associations": (primaries_and_transfer, avif_of_one_association),
    "AVIF, references": (heif_alpha.is_premultiplied, avif_of_references),
    "AVIF, alpha of many properties": (heif_repair.repaired, avif_of_alphas),
    "HEIC, a long configuration": (hevc.is_limited_range, long_configuration),
    "AVIF, an endless number": (av1.is_limited_range, endless_number),
    "GIF, frames": (with_ends, lambda: gif_by_hand.gif(8, 8, frames=5_000)),
    "GIF, frames of a pixel": (count_pixels, lambda: gif_by_hand.gif(8, 8, frames=5_000)),
    "HEIC, units": (units_of_hevc, lambda: b"\0\0\0\x04\x26\x01\x80p" * 1_000_000),
    "HEIC, marked zeros": (
        units_of_hevc,
        lambda: b"\0\x98\x96\x80\x26\x01" + b"\0\0\3" * 3_000_000,
    ),
    "TIFF, strips": (tiff_refusals.refuse_what_libvips_gets_wrong, lambda: tiff_of_strips(1)),
    "TIFF, strips for libtiff": (tiff_metadata.without_metadata, lambda: tiff_of_strips(8)),
    "TIFF, ends of fax": (without_end, lambda: tiff_of_strips(4)),
    "AVIF, tracks": (heif_sequence.frame_count, avif_of_tracks),
    "PNG, pieces of frames": (partial(refuse_bombs, "png"), apng_of_chunks),
    "BMP, runs beyond the row": (decode_runs, lambda: ROW_OF_RUNS * 3_000),
}


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the least CPU time: other processes can only add to it."""
    found = []
    for _ in range(TRIES):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found)


def photo_seconds() -> float:
    photo = images.jpeg(PHOTO_SIZE)

    def render() -> object:
        return pyvips.Image.thumbnail_buffer(photo, 80).webpsave_buffer()

    return cpu_seconds(render)


@pytest.mark.parametrize(("read", "make"), READ.values(), ids=READ.keys())
def test_a_hostile_structure_costs_no_more_than_four_photos(
    read: Callable[[bytes], object], make: Callable[[], bytes]
) -> None:
    data = make()

    assert cpu_seconds(lambda: read(data)) <= 4 * photo_seconds()


def test_an_avif_of_too_many_boxes_is_refused() -> None:
    lists = full_box(b"iinf", bytes(2) + box(b"free", b"") * 6_000)

    with pytest.raises(Failure) as caught:
        refuse_bombs("avif", FTYP + full_box(b"meta", lists) * 2)

    assert isinstance(caught.value, TooCostly)


def test_fill_bytes_before_a_marker_belong_to_no_segment() -> None:
    assert jpeg.without_metadata(FILLED) == images.jpeg()


def test_pixels_of_a_run_beyond_the_row_are_dropped() -> None:
    runs = b"\3\1\3\2" + b"\3\3" * 9 + bytes(2) + b"\4\5" + b"\0\1"

    assert decoded(Runs(4, 2, 8, runs)) == bytes((1, 1, 1, 2, 5, 5, 5, 5))
