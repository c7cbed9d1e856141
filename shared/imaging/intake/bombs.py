"""Refuses decompression bombs by their structure, before a decoder opens them.

A few megabytes of nearly empty parts keep a decoder busy for minutes although the header declares
a thumbnail: thousands of scans, frames or directories, all of which are read on opening, or data
that inflates to a thousand times the image. Genuine files stay far below these bounds.
"""

import re
from collections.abc import Callable

from shared.imaging.formats.containers import png_chunks, tiff_directories
from shared.model.errors import TooCostly, TooManyFrames
from shared.model.limits import MAX_FRAMES_READ

STAGE = "probe"
# Encoders write a few dozen scans at most, cameras a few hundred segments.
MAX_SCANS = 100
MAX_SEGMENTS = 10_000
# PNG encoders write chunks of 8 KB or more, and a handful of texts. libpng inflates up to 8 MB per
# text. A file may have 10,000 chunks, and one more for each 1,024 bytes.
SMALL_CHUNK_BYTES = 1024
BASE_CHUNKS = 10_000
MAX_TEXTS = 32
# Four bands of 16 bits. Pixel data may take twice that: deflate hardly lengthens what it cannot
# compress.
MAX_PIXEL_BYTES = 8
SLACK_BYTES = 64 * 1024
COMPRESSED_TEXTS = frozenset({b"zTXt", b"iTXt"})

START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
# Inside a scan, 0xFF is followed by 0 or by a restart marker: ITU-T T.81, B.1.1.2 and B.1.1.5
NEXT_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")


def refuse_bombs(name: str, data: bytes) -> None:
    """Raise `TooCostly` or `TooManyFrames` if a file of the named format has too many parts."""
    check = _CHECKS.get(name)
    if check:
        check(data)


def _check_jpeg(data: bytes) -> None:
    """Count the segments: all of them if there may be many scans, else up to the first scan."""
    may_have_many = data.count(b"\xff\xda") > MAX_SCANS
    at, scans, segments = 2, 0, 0
    while match := NEXT_MARKER.search(data, at):
        marker, at = match[1][0], match.end()
        scans += marker == START_OF_SCAN
        segments += 1
        if scans > MAX_SCANS or segments > MAX_SEGMENTS:
            raise TooCostly(
                f"Expected at most {MAX_SCANS} scans and {MAX_SEGMENTS} segments, got more.",
                stage=STAGE,
            )
        if marker == END_OF_IMAGE or (scans and not may_have_many):
            return
        at += int.from_bytes(data[at : at + 2], "big")


def _check_png(data: bytes) -> None:
    """Add up the chunks: libpng inflates all pixel data, however small the image is."""
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    max_bytes = 2 * MAX_PIXEL_BYTES * width * height + SLACK_BYTES
    max_chunks = BASE_CHUNKS + len(data) // SMALL_CHUNK_BYTES
    texts, pixel_bytes = 0, 0
    for chunks, (name, _, size) in enumerate(png_chunks(data), 1):
        texts += name in COMPRESSED_TEXTS
        pixel_bytes += size if name == b"IDAT" else 0
        if chunks > max_chunks or texts > MAX_TEXTS:
            raise TooCostly(
                f"Expected at most {max_chunks} chunks and {MAX_TEXTS} texts, got more.",
                stage=STAGE,
            )
    if pixel_bytes > max_bytes:
        raise TooCostly(
            f"Expected at most {max_bytes} bytes of pixel data for {width}x{height}, "
            f"got {pixel_bytes}.",
            stage=STAGE,
        )


def _check_webp(data: bytes) -> None:
    """Count the chunks: libwebp searches for each frame from the first chunk on."""
    at, chunks = 12, 0
    while at + 8 <= len(data):
        chunks += 1
        if chunks > MAX_FRAMES_READ:
            raise _too_many("chunks")
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def _check_tiff(data: bytes) -> None:
    """Count the directories: libtiff compares each with all before it."""
    for directories, _ in enumerate(tiff_directories(data), 1):
        if directories > MAX_FRAMES_READ:
            raise _too_many("directories")


def _too_many(what: str) -> TooManyFrames:
    return TooManyFrames(f"Expected at most {MAX_FRAMES_READ} {what}, got more.", stage=STAGE)


_CHECKS: dict[str, Callable[[bytes], None]] = {
    "jpeg": _check_jpeg,
    "png": _check_png,
    "webp": _check_webp,
    "tiff": _check_tiff,
}
