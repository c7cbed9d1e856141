"""Refuses decompression bombs by their structure, before a decoder opens them.

A few megabytes of nearly empty parts keep a decoder busy for minutes although the header declares
a thumbnail: thousands of scans, frames or directories, all of which are read on opening, or data
that inflates to a thousand times the image. Genuine files stay far below these bounds.
"""

from collections.abc import Callable

from shared.imaging.formats.apng import read_animation
from shared.imaging.formats.containers import png_chunks, tiff_directories, webp_chunks
from shared.imaging.formats.heif_items import listed_boxes
from shared.imaging.formats.jpeg_segments import (
    END_OF_IMAGE,
    MAX_SEGMENTS,
    START_OF_SCAN,
    segments,
)
from shared.model.errors import TooCostly, TooManyFrames
from shared.model.limits import MAX_FRAMES_READ

STAGE = "probe"
# Encoders write a few dozen scans at most.
MAX_SCANS = 100
# libheif reads at most 1,000 items.
MAX_BOXES = 10_000
# PNG encoders write chunks of 8 KB or more. A file may have 10,000 chunks, and one more for each
# 1,024 bytes.
SMALL_CHUNK_BYTES = 1024
BASE_CHUNKS = 10_000
# Four bands of 16 bits. Pixel data may take twice that: deflate hardly lengthens what it cannot
# compress.
MAX_PIXEL_BYTES = 8
SLACK_BYTES = 64 * 1024
FRAME_SLACK_BYTES = 1024


def refuse_bombs(name: str, data: bytes) -> None:
    """Raise `TooCostly` or `TooManyFrames` if a file of the named format has too many parts.

    Raises `Truncated` for an animated PNG that ends before its last frame, which libpng does not
    read.
    """
    check = _CHECKS.get(name)
    if check:
        check(data)


def _check_jpeg(data: bytes) -> None:
    """Count the segments: all of them if there may be many scans, else up to the first scan."""
    may_have_many = data.count(b"\xff\xda") > MAX_SCANS
    scans = 0
    for number, segment in enumerate(segments(data), 1):
        scans += segment.marker == START_OF_SCAN
        if scans > MAX_SCANS or number > MAX_SEGMENTS:
            raise TooCostly(
                f"Expected at most {MAX_SCANS} scans and {MAX_SEGMENTS} segments, got more.",
                stage=STAGE,
            )
        if segment.marker == END_OF_IMAGE or (scans and not may_have_many):
            return


def _check_png(data: bytes) -> None:
    """Add up the chunks: libpng inflates all pixel data, however small the image is."""
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    max_bytes = 2 * MAX_PIXEL_BYTES * width * height + SLACK_BYTES
    max_chunks = BASE_CHUNKS + len(data) // SMALL_CHUNK_BYTES
    pixel_bytes = 0
    for chunks, (name, _, size) in enumerate(png_chunks(data), 1):
        pixel_bytes += size if name == b"IDAT" else 0
        if chunks > max_chunks:
            raise TooCostly(f"Expected at most {max_chunks} chunks, got more.", stage=STAGE)
    _refuse_long_pixels(pixel_bytes, max_bytes, width, height)
    _check_apng(data)


def _check_apng(data: bytes) -> None:
    # Only now: this takes time for each chunk.
    animation = read_animation(data)
    for frame in animation.frames if animation else ():
        max_bytes = 2 * MAX_PIXEL_BYTES * frame.width * frame.height + FRAME_SLACK_BYTES
        _refuse_long_pixels(frame.data_bytes, max_bytes, frame.width, frame.height)


def _refuse_long_pixels(found: int, most: int, width: int, height: int) -> None:
    if found > most:
        raise TooCostly(
            f"Expected at most {most} bytes of pixel data for {width}x{height}, got {found}.",
            stage=STAGE,
        )


def _check_webp(data: bytes) -> None:
    """Count the chunks: libwebp searches for each frame from the first chunk on."""
    for chunks, _ in enumerate(webp_chunks(data), 1):
        if chunks > MAX_FRAMES_READ:
            raise _too_many("chunks")


def _check_tiff(data: bytes) -> None:
    """Count the directories: libtiff compares each with all before it.

    They may form a cycle, which changes nothing about the first.
    """
    seen: set[int] = set()
    for at in tiff_directories(data):
        if at in seen:
            return
        seen.add(at)
        if len(seen) > MAX_FRAMES_READ:
            raise _too_many("directories")


def _check_heif(data: bytes) -> None:
    """Count the boxes that list the items."""
    for number, _ in enumerate(listed_boxes(data), 1):
        if number > MAX_BOXES:
            raise TooCostly(f"Expected at most {MAX_BOXES} boxes, got more.", stage=STAGE)


def _too_many(what: str) -> TooManyFrames:
    return TooManyFrames(f"Expected at most {MAX_FRAMES_READ} {what}, got more.", stage=STAGE)


_CHECKS: dict[str, Callable[[bytes], None]] = {
    "avif": _check_heif,
    "heic": _check_heif,
    "jpeg": _check_jpeg,
    "png": _check_png,
    "webp": _check_webp,
    "tiff": _check_tiff,
}
