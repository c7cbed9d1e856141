"""Decides whether a TIFF that was decoded has lost pixels, where libtiff does not fail.

libtiff warns of bad fax lines and goes on; libvips decodes tiles of JPEG without libtiff's
warnings; and the checksum of deflate is not read if the data inflate to more than a strip.
https://gitlab.com/libtiff/libtiff/-/blob/v4.7.0/libtiff/tif_fax3.c
"""

import re
import zlib
from collections.abc import Iterator, Sequence

import pyvips

from shared.imaging import decoder_log
from shared.imaging.damage.jpeg import refuse_damaged_scans
from shared.imaging.formats import tiff_directory as tags
from shared.imaging.formats.jpeg_repair import END, repaired
from shared.imaging.formats.tiff_directory import Directory, first_directory
from shared.imaging.formats.tiff_parts import Parts, parts, read_lengths
from shared.imaging.formats.tiff_writer import LONG, DirectoryWriter
from shared.model.errors import Corrupt, Truncated

STAGE = "render"
DEFLATE = frozenset({8, 32946})
JPEG_TABLES = 347
# A fax line in a warning of libtiff, and how many of its pixels were there.
BAD_LINE = re.compile(r"at line (\d+ of \w+ \d+) \((?:got (\d+)|x)")
NO_LINES = "Premature EOF"
# Where lines have no beginning that the decoder can find, one bad line spoils those after it. One
# line in 50 may be bad.
GOOD_LINES = 50
# Warnings of libjpeg about scans; its others, and libtiff's, change no pixel.
LOST_SCAN = re.compile("Corrupt JPEG data|Premature end of JPEG|Inconsistent progression")
# The most output and input of one call. zlib's wrapper copies the rest of the input at each call.
CHUNK_BYTES, PIECE_BYTES = 1 << 20, 1 << 16
START = b"\xff\xd8"
# Each walk takes 50 us at least. A picture of 100 megapixels has 6,100 tiles of 128 by 128.
MAX_WALKED = 10_000


def fail_on(data: bytes) -> str:
    """Return the least problem at which libvips must stop.

    Lines of a fax may be bad, and libtiff warns of JPEG that is whole.
    """
    compression = _compression(first_directory(data))
    if compression in tags.FAX:
        return "none"
    return "error" if compression == tags.JPEG else "warning"


def refuse_damaged(data: bytes, messages: Sequence[str]) -> None:
    """Raise `Corrupt` or `Truncated` if a TIFF has lost pixels.

    `messages` are those of a whole decode of the source `data`.
    """
    first = first_directory(data)
    compression = _compression(first)
    if compression in tags.FAX:
        _refuse_bad_lines(first, messages, finds_lines=compression == tags.FAX_3)
    elif compression in DEFLATE:
        _refuse_bad_checksums(data, parts(first))
    elif compression == tags.JPEG:
        _refuse_bad_scans(first, messages)


def _compression(first: Directory) -> int:
    return first.value(tags.COMPRESSION, tags.NOT_COMPRESSED)


def _refuse_bad_lines(first: Directory, messages: Sequence[str], *, finds_lines: bool) -> None:
    bad = {match[1]: text for text in messages if (match := BAD_LINE.search(text))}
    empty = (text for text in messages if (match := BAD_LINE.search(text)) and match[2] == "0")
    missing = next((text for text in messages if NO_LINES in text), next(empty, ""))
    if missing:
        raise Truncated(f"Expected a fax of all lines, got: {missing}.", stage=STAGE)
    allowed = max(1, first.value(tags.HEIGHT, 0) // GOOD_LINES)
    if len(messages) >= decoder_log.MAX_MESSAGES or (not finds_lines and len(bad) > allowed):
        text = next(iter(bad.values()), "the decoder gave too many warnings")
        raise Corrupt(f"{text} ({len(bad)} bad lines).", stage=STAGE)


def _refuse_bad_checksums(data: bytes, found: Parts) -> None:
    places = zip(found.offsets, read_lengths(found, data), found.sizes, strict=False)
    most = 2 * max(found.sizes)
    for number, (at, length, size) in enumerate(places):
        if not _is_complete(data[at : at + length], size, most):
            raise Corrupt(
                f"Expected {found.name} with the right checksum, got a wrong one in number "
                f"{number}.",
                stage=STAGE,
            )


def _is_complete(packed: bytes, size: int, most: int) -> bool:
    """Return whether deflated data inflates to `size` bytes, and has no wrong checksum.

    The checksum may be missing, as old writers cut it off, and `most` bytes may come, as others
    fill up the last strip.
    """
    inflater, done = zlib.decompressobj(), 0
    try:
        for start in range(0, len(packed), PIECE_BYTES):
            piece, has_more = packed[start : start + PIECE_BYTES], True
            while has_more:
                chunk = inflater.decompress(piece, CHUNK_BYTES)
                piece = inflater.unconsumed_tail
                has_more = bool(piece) or len(chunk) == CHUNK_BYTES
                done += len(chunk)
                if done > most or inflater.eof:
                    return True
    except zlib.error:
        return False
    return done == size


def _refuse_bad_scans(first: Directory, messages: Sequence[str]) -> None:
    """Walk the scans of all parts; if that is not possible, libjpeg's warnings decide."""
    found = parts(first)
    if found.number <= MAX_WALKED and all(map(refuse_damaged_scans, _streams(first, found))):
        return
    warnings = _tile_messages(first) if _is_tiled(first) else messages
    lost = next((text for text in warnings if LOST_SCAN.search(text)), "")
    if lost:
        raise Corrupt(f"{lost}.", stage=STAGE)


def _streams(first: Directory, found: Parts) -> Iterator[bytes]:
    """Yield each part as a JPEG of its own, with the tables that the parts share."""
    tables = first.raw(JPEG_TABLES).removesuffix(END)
    for at, length in zip(found.offsets, found.lengths, strict=False):
        part = first.data[at : at + length]
        yield repaired(tables + part[len(START) :] if tables else part)


def _is_tiled(first: Directory) -> bool:
    return tags.TILE_OFFSETS in first.fields


def _tile_messages(first: Directory) -> Sequence[str]:
    """Decode the tiles once more as the strips of a narrow image, where libtiff warns."""
    decoder_log.clear()
    narrow = pyvips.Image.tiffload_buffer(_tiles_as_strips(first), access="sequential")
    narrow.avg()
    return decoder_log.messages()


def _tiles_as_strips(first: Directory) -> bytes:
    found, writer = parts(first), DirectoryWriter(first.data)
    kept = (tags.BITS, tags.COMPRESSION, tags.PHOTOMETRIC, tags.SAMPLES, JPEG_TABLES, 530)
    for tag in kept:
        writer.keep(first, tag)
    height = first.value(tags.TILE_HEIGHT, 0)
    writer.write(tags.WIDTH, LONG, [first.value(tags.TILE_WIDTH, 0)])
    writer.write(tags.HEIGHT, LONG, [height * found.number])
    writer.write(tags.ROWS_PER_STRIP, LONG, [height])
    writer.write(tags.STRIP_OFFSETS, LONG, found.offsets)
    writer.write(tags.STRIP_BYTES, LONG, found.lengths)
    return writer.file(0)
