"""Separates a source's metadata from its pixels.

libvips gets pixels, colours and profile only. The metadata that Pixfleet uses (orientation,
copyright, creator) is read by the bounded readers of `formats`. docs/decoding.md lists all parsers
that still run when a source is opened, with the bound of each.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.imaging.formats.exif import UPRIGHT, read_orientation
from shared.imaging.metadata import heif, jpeg, png, tiff, webp

# Formats that have their orientation in EXIF. libtiff reads that of a TIFF; AVIF has it in its
# container, and HEIC in either.
ORIENTED_BY_EXIF = frozenset({"jpeg", "png", "webp"})


class _Format(NamedTuple):
    without_metadata: Callable[[bytes], bytes]
    read_metadata: Callable[[bytes], tuple[bytes, bytes]]


_FORMATS: Mapping[str, _Format] = {
    "avif": _Format(heif.without_metadata, heif.read_metadata),
    "heic": _Format(heif.without_metadata, heif.read_metadata),
    "jpeg": _Format(jpeg.without_metadata, jpeg.read_metadata),
    "png": _Format(png.without_metadata, png.read_metadata),
    "tiff": _Format(tiff.without_metadata, tiff.read_metadata),
    "webp": _Format(webp.without_metadata, webp.read_metadata),
}


def without_metadata(name: str, data: bytes) -> bytes:
    """Return a file of the named format without metadata; `data` itself if it has none."""
    found = _FORMATS.get(name)
    return found.without_metadata(data) if found else data


def header_without_metadata(name: str, data: bytes) -> bytes:
    """Return as much of `without_metadata` as libvips needs to open the image."""
    return jpeg.header_without_metadata(data) if name == "jpeg" else without_metadata(name, data)


def read_metadata(name: str, data: bytes) -> tuple[bytes, bytes]:
    """Return a file's raw EXIF and raw XMP; empty if it has none or its format knows none."""
    found = _FORMATS.get(name)
    return found.read_metadata(data) if found else (b"", b"")


def exif_orientation(name: str, data: bytes) -> int:
    """Return the orientation that viewers take from a file's EXIF, from 1 to 8."""
    if name == "heic":
        return heif.orientation(data)
    if name not in ORIENTED_BY_EXIF:
        return UPRIGHT
    exif, _ = read_metadata(name, data)
    return read_orientation(exif)
