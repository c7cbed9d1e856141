"""Finds a file's format by its first bytes; key suffix and Content-Type may be wrong."""

import re
import zlib
from collections.abc import Callable

from shared.model.errors import NotAnImage, UnsupportedFormat

HEADER_BYTES = 1024  # markup may begin with comments; the other formats need a few bytes
RENDERED = frozenset({"avif", "bmp", "gif", "heic", "jpeg", "png", "tiff", "webp"})

_MAGIC: tuple[tuple[str, bytes], ...] = (
    ("jpeg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("gif", b"GIF87a"),
    ("gif", b"GIF89a"),
    # Raw files of cameras. libvips would take some for TIFF, and render their thumbnail.
    ("cr2", b"II*\x00\x10\x00\x00\x00CR"),
    ("orf", b"IIRO"),
    ("orf", b"IIRS"),
    ("orf", b"MMOR"),
    ("rw2", b"IIU\x00"),
    ("raf", b"FUJIFILMCCD-RAW"),
    ("x3f", b"FOVb"),
    ("mrw", b"\x00MRM"),
    ("tiff", b"II*\x00"),
    ("tiff", b"MM\x00*"),
    ("tiff", b"II+\x00"),
    ("tiff", b"MM\x00+"),
    ("jxl", b"\xff\x0a"),
    ("jxl", b"\x00\x00\x00\x0cJXL \r\n\x87\n"),
    ("jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
    ("jp2", b"\xff\x4f\xff\x51"),
    ("jxr", b"II\xbc\x01"),
    ("psd", b"8BPS"),
    ("xcf", b"gimp xcf"),
    ("exr", b"\x76\x2f\x31\x01"),
    ("hdr", b"#?RADIANCE"),
    ("hdr", b"#?RGBE"),
    ("dds", b"DDS "),
    ("qoi", b"qoif"),
    ("bpg", b"BPG\xfb"),
    ("djvu", b"AT&TFORM"),
    ("mng", b"\x8aMNG\r\n\x1a\n"),
    ("pdf", b"%PDF-"),
    ("eps", b"%!PS-Adobe"),
    ("eps", b"\xc5\xd0\xd3\xc6"),
    ("wmf", b"\xd7\xcd\xc6\x9a"),
    ("ico", b"\x00\x00\x01\x00"),
    ("ico", b"\x00\x00\x02\x00"),
)
# ISO base media files name their brands: https://mp4ra.org/registered-types/brands
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIC_BRANDS |= {b"mif1", b"msf1"}
_RAW_BRAND = b"crx "
# "BM" alone is too weak; the header size after it must be one of these.
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
# Some writers leave zeros or junk between the first marker of a JPEG and its first segment.
_JPEG_START = b"\xff\xd8"
_JPEG_SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xdb\xdd\xe0-\xef\xfe]")
_GZIP = b"\x1f\x8b\x08"
_GZIP_WBITS = 31


def sniff(data: bytes) -> str | None:
    """Return the format's name by a file's first `HEADER_BYTES`; `None` if no format matches."""
    header = data[:HEADER_BYTES]
    for match in _MATCHERS:
        name = match(header)
        if name:
            return name
    return None


def require_rendered_format(data: bytes) -> str:
    """Return the name of a file's format.

    Raises `NotAnImage` if it is unknown, and `UnsupportedFormat` if it is not rendered.
    """
    name = sniff(data)
    if name is None:
        shown = data[:8].hex(" ") or "an empty file"
        raise NotAnImage(f"Expected an image, got {shown}.", stage="sniff")
    if name not in RENDERED:
        listed = ", ".join(sorted(RENDERED))
        raise UnsupportedFormat(f"Expected one of {listed}, got {name}.", stage="sniff")
    return name


def _by_magic(header: bytes) -> str | None:
    return next((name for name, magic in _MAGIC if header.startswith(magic)), None)


def _by_jpeg_segment(header: bytes) -> str | None:
    is_jpeg = header.startswith(_JPEG_START) and _JPEG_SEGMENT.search(header, len(_JPEG_START))
    return "jpeg" if is_jpeg else None


def _by_riff(header: bytes) -> str | None:
    return "webp" if header[:4] == b"RIFF" and header[8:12] == b"WEBP" else None


def _by_bitmap(header: bytes) -> str | None:
    size = int.from_bytes(header[14:18], "little")
    return "bmp" if header[:2] == b"BM" and size in _BMP_HEADERS else None


def _by_brand(header: bytes) -> str | None:
    if header[4:8] != b"ftyp":
        return None
    end = min(len(header), int.from_bytes(header[:4], "big"))  # the brands end with the box
    brands = {header[8:12], *(header[at : at + 4] for at in range(16, end, 4))}
    if _RAW_BRAND in brands:
        return "cr3"
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heic" if brands & _HEIC_BRANDS else None


def _by_markup(header: bytes) -> str | None:
    if header.startswith(_GZIP):
        header = _unpacked(header)
    if header.startswith((b"\xff\xfe", b"\xfe\xff")):
        header = header.decode("utf-16", errors="ignore").encode()
    text = header.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    is_xml = text.startswith(b"<?xml")
    while text.startswith((b"<?", b"<!--")):
        _, closed, rest = text.partition(b"-->" if text.startswith(b"<!--") else b"?>")
        if not closed:
            return "svg" if is_xml else None  # the root element is beyond the header bytes
        text = rest.lstrip()
    is_svg = text.startswith((b"<svg", b"<!doctype svg")) or (is_xml and not text.strip(b"\0"))
    return "svg" if is_svg else None


def _unpacked(header: bytes) -> bytes:
    """Return the beginning of a gzip file's content, to recognise svgz; empty if it is broken."""
    try:
        return zlib.decompressobj(_GZIP_WBITS).decompress(header, HEADER_BYTES)
    except zlib.error:
        return b""


_MATCHERS: tuple[Callable[[bytes], str | None], ...] = (
    _by_magic,
    _by_jpeg_segment,
    _by_riff,
    _by_bitmap,
    _by_brand,
    _by_markup,
)
