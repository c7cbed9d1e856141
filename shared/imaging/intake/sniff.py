"""Finds a file's format by its first bytes; key suffix and Content-Type may be wrong."""

import struct

from shared.imaging.intake import not_images
from shared.imaging.intake.brands import by_brand
from shared.imaging.intake.magic import MAGIC, PATTERNS, RENDERED, WORDS
from shared.imaging.intake.markup import is_svg
from shared.model.errors import NotAnImage, UnsupportedFormat

BOM = b"\xef\xbb\xbf"
HEADER_BYTES = 1024  # markup may begin with comments; the other formats need a few bytes

# A TGA has no magic number, only 18 bytes whose fields must fit together. Its footer may
# be missing, and a header that fits by chance only changes the words of a refusal.
# https://www.dca.fee.unicamp.br/~martino/disciplinas/ea978/tgaffs.pdf
_TGA_HEADER = struct.Struct("<BBB HHB 4x HH BB")
_TGA_RUNS, _TGA_PALETTE = 8, 1
_TGA_BITS = {_TGA_PALETTE: {8, 16}, 2: {15, 16, 24, 32}, 3: {8, 16}}
_TGA_ENTRY_BITS = frozenset({15, 16, 24, 32})
_TGA_UNUSED_BITS = 0b1100_0000


def sniff(data: bytes) -> str | None:
    """Return the format's name by a file's first `HEADER_BYTES`; `None` if no format matches."""
    header = data[:HEADER_BYTES]
    return _by_magic(header) or by_brand(header) or _by_markup(header) or _by_tga_fields(header)


def describe(data: bytes) -> str:
    """Return what a file is, in words that follow "got": "a JPEG picture", "an HTML page"."""
    name = sniff(data)
    if name:
        return WORDS[name]
    header = data[:HEADER_BYTES]
    inner = _by_magic(header.removeprefix(BOM).lstrip())
    if inner in RENDERED:
        return f"{WORDS[inner]} with a BOM or blanks before it"
    return not_images.in_words(header)


def require_rendered_format(data: bytes) -> str:
    """Return the name of a file's format.

    Raises `NotAnImage` if it is unknown, and `UnsupportedFormat` if it is not rendered.
    """
    name = sniff(data)
    if name is None:
        raise NotAnImage(f"Expected an image, got {describe(data)}.", stage="sniff")
    if name not in RENDERED:
        listed = ", ".join(sorted(RENDERED))
        raise UnsupportedFormat(f"Expected one of {listed}, got {WORDS[name]}.", stage="sniff")
    return name


def _by_magic(header: bytes) -> str | None:
    by_prefix = (name for name, magic in MAGIC if header.startswith(magic))
    by_pattern = (name for name, pattern in PATTERNS if pattern.match(header))
    return next(by_prefix, None) or next(by_pattern, None)


def _by_markup(header: bytes) -> str | None:
    return "svg" if is_svg(header) else None


def _by_tga_fields(header: bytes) -> str | None:
    if len(header) < _TGA_HEADER.size:
        return None
    fields = _TGA_HEADER.unpack_from(header)
    _, has_palette, kind, start, entries, entry_bits, width, height, bits, descriptor = fields
    kind &= ~_TGA_RUNS
    has_pixels = bits in _TGA_BITS.get(kind, set()) and min(width, height) > 0
    if not has_pixels or descriptor & _TGA_UNUSED_BITS:
        return None
    if has_palette:
        fits = has_palette == 1 and entries > 0 and entry_bits in _TGA_ENTRY_BITS
    else:
        fits = kind != _TGA_PALETTE and not (start or entries or entry_bits)
    return "tga" if fits else None
