"""Gives a TIFF a directory of only what the decoder needs, each tag once, in order and valid.

libtiff compares each tag with all others, and each directory with all others. It also warns of
tags that change no pixel, and a warning must mean lost pixels.
https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf; XMP: ISO 16684-3, section 5.1.5.
"""

from collections.abc import Mapping

from shared.imaging.formats import tiff_directory as tags
from shared.imaging.formats.containers import tiff_directories
from shared.imaging.formats.tiff_directory import (
    BAD_OFFSET,
    CUT_DIRECTORY,
    MAX_SAMPLES,
    Directory,
    first_directory,
    samples,
)
from shared.imaging.formats.tiff_parts import parts, read_lengths
from shared.imaging.formats.tiff_writer import LONG, SHORT, DirectoryWriter
from shared.model.errors import Truncated

XMP = 700
FAX_3_OPTIONS, FAX_4_OPTIONS, PREDICTOR, INK_SET, CHROMA_POSITION = 292, 293, 317, 332, 531
COLOUR_MAP, JPEG_TABLES, PROFILE = 320, 347, 34675
ANY, SIZE, ONE_PLANE = range(2**32), range(1, 2**32), range(1, 2)
# Tags of one number that decoders use, and the numbers that exist. Without a tag, and for any
# other number, a default applies.
NUMBERS: Mapping[int, range] = {
    tags.WIDTH: SIZE,
    tags.HEIGHT: SIZE,
    tags.COMPRESSION: ANY,
    tags.PHOTOMETRIC: ANY,
    tags.FILL_ORDER: range(1, 3),
    tags.ORIENTATION: range(1, 9),
    tags.SAMPLES: SIZE,
    tags.ROWS_PER_STRIP: SIZE,
    tags.PLANAR: range(1, 3),
    FAX_3_OPTIONS: ANY,
    FAX_4_OPTIONS: ANY,
    PREDICTOR: range(1, 4),
    tags.TILE_WIDTH: SIZE,
    tags.TILE_HEIGHT: SIZE,
    INK_SET: range(1, 3),
    CHROMA_POSITION: range(1, 3),
}
# Tags of as many numbers as a pixel has samples.
PER_SAMPLE = (tags.BITS, tags.SAMPLE_FORMAT)
# Tags of YCbCr: coefficients, subsampling, and black and white, with the number of their values.
OF_YCBCR = {529: 3, 530: 2, 532: 6}


def without_metadata(data: bytes) -> bytes:
    """Return the file with one directory, which has only valid tags of pixels.

    It follows the file, so no other offset changes. The file stays as it is if its directory is
    such a one already. Raises `Truncated` if its directory is not whole.
    """
    try:
        return _file(first_directory(data))
    except BAD_OFFSET as error:
        raise Truncated(CUT_DIRECTORY) from error


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the file itself, which has the structure of EXIF, and its XMP."""
    try:
        return data, first_directory(data).raw(XMP)
    except BAD_OFFSET:
        return data, b""


def _file(first: Directory) -> bytes:
    writer = DirectoryWriter(first.data)
    for tag, known in NUMBERS.items():
        # One band is one plane, and libvips reads no tiles of separate planes.
        is_one_plane = tag == tags.PLANAR and samples(first) == 1
        _number(writer, first, tag, ONE_PLANE if is_one_plane else known)
    for tag in PER_SAMPLE:
        _number_per_sample(writer, first, tag)
    _defaults(writer, first)
    _parts(writer, first)
    for tag in _kept_tags(first):
        writer.keep(first, tag)
    return writer.file(next(tiff_directories(first.data), 0))


def _number(writer: DirectoryWriter, first: Directory, tag: int, known: range) -> None:
    value = first.value(tag, -1)
    if value not in known:
        return
    if first.fields[tag].count == 1:
        writer.keep(first, tag)
    else:
        writer.write(tag, LONG, [value])


def _number_per_sample(writer: DirectoryWriter, first: Directory, tag: int) -> None:
    """Keep one number for each sample; libtiff repeats the first for samples without one."""
    count, found = samples(first), first.fields.get(tag)
    if found is None or found.count == count or count > MAX_SAMPLES:
        writer.keep(first, tag)
    elif values := first.values(tag, most=count):
        writer.write(tag, SHORT, [*values, *[values[0]] * (count - len(values))])


def _defaults(writer: DirectoryWriter, first: Directory) -> None:
    """Write what the file should declare, as viewers guess it."""
    count = samples(first)
    if tags.SAMPLES not in first.fields and count > 1:
        writer.write(tags.SAMPLES, SHORT, [count])
    if tags.PHOTOMETRIC not in first.fields:
        is_fax = first.value(tags.COMPRESSION, tags.NOT_COMPRESSED) in tags.FAX
        grey = tags.WHITE_IS_ZERO if is_fax else tags.BLACK_IS_ZERO
        writer.write(tags.PHOTOMETRIC, SHORT, [tags.RGB if count >= 3 else grey])  # noqa: PLR2004 - red, green, blue


def _parts(writer: DirectoryWriter, first: Directory) -> None:
    found = parts(first)
    is_tiled = tags.TILE_OFFSETS in first.fields
    places = tags.TILE_OFFSETS if is_tiled else tags.STRIP_OFFSETS
    lengths = tags.TILE_BYTES if is_tiled else tags.STRIP_BYTES
    writer.keep(first, places)
    right = list(read_lengths(found, first.data))
    if right == list(found.lengths):
        writer.keep(first, lengths)
    else:
        writer.write(lengths, LONG, right)


def _kept_tags(first: Directory) -> list[int]:
    photometric = first.value(tags.PHOTOMETRIC, tags.RGB)
    kept = [tags.EXTRA_SAMPLES, PROFILE]
    if first.value(tags.COMPRESSION, tags.NOT_COMPRESSED) == tags.JPEG:
        kept += [JPEG_TABLES]
    if photometric == tags.PALETTE:
        kept += [COLOUR_MAP]
    if photometric == tags.YCBCR:
        counts = {tag: first.fields[tag].count for tag in OF_YCBCR if tag in first.fields}
        kept += [tag for tag, count in counts.items() if count == OF_YCBCR[tag]]
    return kept
