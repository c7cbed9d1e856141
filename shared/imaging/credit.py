"""Whose a picture is: read from the source where a recipe keeps it, and written into variants.

Encoders keep nothing at all of a source's metadata. What a recipe lets through is written anew, as
an XMP packet of our own, so that no position, serial number or name of a device can come along.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyvips

from shared.imaging import pillow
from shared.imaging.formats import xmp
from shared.imaging.formats.exif import ARTIST, COPYRIGHT, read_texts
from shared.imaging.intake.probe import loader
from shared.text import replace_unprintable

# One notice, not an essay in each of twenty files.
MAX_CHARS = 240
EXIF_FIELD = "exif-data"
BETWEEN = "; "  # of several creators, as the Metadata Working Group's guidelines join them


@dataclass(frozen=True, slots=True)
class Credit:
    """What a variant says of its picture; empty where the source or the recipe says nothing."""

    copyright: str = ""
    creator: str = ""

    def __bool__(self) -> bool:
        return bool(self.copyright or self.creator)

    @property
    def packet(self) -> bytes:
        """Return it as XMP, the only metadata of a variant; nothing where it says nothing."""
        if not self:
            return b""
        creators = [name for name in self.creator.split(BETWEEN) if name]
        rights = [self.copyright] if self.copyright else []
        return xmp.written_items({"rights": rights, "creator": creators})


def read_credit(data: bytes, format_name: str, kept: Sequence[str]) -> Credit:
    """Return what a source says of the fields that a recipe keeps: its EXIF, or else its XMP."""
    if not kept:
        return Credit()
    exif, packet = _blobs(data, format_name)
    texts, items = read_texts(exif), xmp.read_items(packet)
    said = {
        # EXIF's copyright is the photographer's and then the editor's, with a zero between.
        "copyright": _exif(texts.get(COPYRIGHT)) or _tidy("".join(items.get("rights", [])[:1])),
        "creator": _exif(texts.get(ARTIST)) or _tidy(BETWEEN.join(items.get("creator", []))),
    }
    return Credit(**{name: said[name] for name in kept})


def _blobs(data: bytes, format_name: str) -> tuple[bytes, bytes]:
    """Return a source's EXIF and its XMP, each as it stands there, without decoding a pixel."""
    if format_name in pillow.READ_BY_PILLOW:
        return pillow.metadata(format_name, data)
    picture = loader(format_name)(data, access="sequential")
    # A TIFF is an EXIF itself.
    exif = data if format_name == "tiff" else _blob(picture, EXIF_FIELD)
    return exif, _blob(picture, xmp.FIELD)


def _blob(picture: pyvips.Image, name: str) -> bytes:
    # Not by get_fields(): names of other fields may be no text at all.
    return bytes(picture.get(name)) if picture.get_typeof(name) else b""


def _exif(text: bytes | None) -> str:
    parts = [_tidy(_decoded(part)) for part in (text or b"").split(b"\0")]
    return _tidy(BETWEEN.join(part for part in parts if part))


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")  # what old cameras and Windows write


def _tidy(text: str) -> str:
    """Return one line of printable text, cut to what fits."""
    return " ".join(replace_unprintable(text, " ").split())[:MAX_CHARS].rstrip()
