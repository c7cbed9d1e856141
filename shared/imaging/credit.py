"""Reads copyright and creator from a source, to be written into its variants.

Encoders drop all metadata of a source. The fields that a recipe keeps are written as a new XMP
packet, so that no position, serial number or device name can get into a variant.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.imaging.formats import xmp
from shared.imaging.formats.exif import ARTIST, COPYRIGHT, read_texts
from shared.imaging.metadata.separation import read_metadata
from shared.text import replace_unprintable

# Enough for a notice; a source may have twenty variants, and each of them holds it.
MAX_CHARS = 240
SEPARATOR = "; "  # between creators, as the Metadata Working Group's guidelines join them


@dataclass(frozen=True, slots=True)
class Credit:
    """Copyright and creator of an image; a field is empty if the source or the recipe has none."""

    copyright: str = ""
    creator: str = ""

    def __bool__(self) -> bool:
        return bool(self.copyright or self.creator)

    @property
    def packet(self) -> bytes:
        """Return the XMP packet of a variant, its only metadata; empty for an empty credit."""
        if not self:
            return b""
        creators = [name for name in self.creator.split(SEPARATOR) if name]
        rights = [self.copyright] if self.copyright else []
        return xmp.write_items({"rights": rights, "creator": creators})


def read_credit(data: bytes, format_name: str, kept: Sequence[str]) -> Credit:
    """Return the `kept` fields of a source, from its EXIF or else from its XMP.

    `kept` is the recipe's `metadata`: any of `copyright` and `creator`. No pixel is decoded.
    """
    if not kept:
        return Credit()
    exif, packet = read_metadata(format_name, data)
    texts, items = read_texts(exif), xmp.read_items(packet)
    found = {
        # EXIF holds the photographer's copyright and then the editor's, with a zero between.
        "copyright": _text(texts.get(COPYRIGHT))
        or _one_line("".join(items.get("rights", [])[:1])),
        "creator": _text(texts.get(ARTIST)) or _one_line(SEPARATOR.join(items.get("creator", []))),
    }
    return Credit(**{name: found[name] for name in kept})


def _text(exif_text: bytes | None) -> str:
    parts = [_one_line(_decoded(part)) for part in (exif_text or b"").split(b"\0")]
    return _one_line(SEPARATOR.join(part for part in parts if part))


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")  # written by old cameras and by Windows


def _one_line(text: str) -> str:
    """Return one line of printable text of at most `MAX_CHARS` characters."""
    return " ".join(replace_unprintable(text, " ").split())[:MAX_CHARS].rstrip()
