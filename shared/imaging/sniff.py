"""Tells a file's format from its first bytes; a name or a Content-Type can say anything."""

from collections.abc import Callable

from shared.model.errors import NotAnImage, UnsupportedFormat

HEADER_BYTES = 64
RENDERED = frozenset({"avif", "gif", "jpeg", "png", "tiff", "webp"})

_MAGIC: tuple[tuple[str, bytes], ...] = (
    ("jpeg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("gif", b"GIF87a"),
    ("gif", b"GIF89a"),
    ("tiff", b"II*\x00"),
    ("tiff", b"MM\x00*"),
    ("tiff", b"II+\x00"),
    ("tiff", b"MM\x00+"),
    ("jxl", b"\xff\x0a"),
    ("jxl", b"\x00\x00\x00\x0cJXL \r\n\x87\n"),
    ("jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
    ("psd", b"8BPS"),
    ("pdf", b"%PDF-"),
    ("ico", b"\x00\x00\x01\x00"),
    ("bmp", b"BM"),
)
# ISO base media files name their brands: https://mp4ra.org/registered-types/brands
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def sniff(data: bytes) -> str | None:
    """Return a format's name for a file's first 64 bytes, none if they are no image."""
    header = data[:HEADER_BYTES]
    for look in _LOOKS:
        name = look(header)
        if name:
            return name
    return None


def require_rendered_format(data: bytes) -> str:
    """Return the name of a format that we render; a permanent failure for any other."""
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


def _by_riff(header: bytes) -> str | None:
    return "webp" if header[:4] == b"RIFF" and header[8:12] == b"WEBP" else None


def _by_brand(header: bytes) -> str | None:
    if header[4:8] != b"ftyp":
        return None
    end = min(len(header), int.from_bytes(header[:4], "big"))  # beyond the box are no brands
    brands = {header[8:12], *(header[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heic" if brands & _HEIC_BRANDS else None


def _by_markup(header: bytes) -> str | None:
    text = header.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "svg" if text.startswith((b"<svg", b"<?xml", b"<!doctype svg")) else None


_LOOKS: tuple[Callable[[bytes], str | None], ...] = (_by_magic, _by_riff, _by_brand, _by_markup)
