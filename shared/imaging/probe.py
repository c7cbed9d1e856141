"""Reads an image's header and nothing else: libvips opens lazily, no pixel is decoded here."""

from dataclasses import dataclass

import pyvips

from shared.imaging.sniff import require_rendered_format
from shared.imaging.vips import translated
from shared.model.geometry import Size
from shared.model.manifest import SourceFacts

ORIENTATIONS_ON_THEIR_SIDE = range(5, 9)  # EXIF 2.32, tag 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says of itself; `stored` is one frame's size before orientation."""

    format: str
    stored: Size
    frames: int
    bands: int
    bits: int
    has_alpha: bool
    is_interlaced: bool
    is_on_its_side: bool

    @property
    def upright(self) -> Size:
        """Return one frame's size as a viewer sees it."""
        if self.is_on_its_side:
            return Size(self.stored.height, self.stored.width)
        return self.stored

    @property
    def facts(self) -> SourceFacts:
        """Return what the manifest tells of the source."""
        return SourceFacts(
            self.format, self.upright.width, self.upright.height, self.frames, self.has_alpha
        )


def probe(data: bytes) -> Header:
    """Return the header of an image; a permanent failure if it is none that we render."""
    name = require_rendered_format(data)
    try:
        image = loader(name)(data, access="sequential")
    except pyvips.Error as error:
        raise translated(error, "probe") from error
    return Header(
        format=name,
        stored=Size(image.width, image.height),
        frames=_frames(name, image),
        bands=image.bands,
        bits=8 if image.format == "uchar" else 16,
        has_alpha=bool(image.hasalpha()),
        is_interlaced="interlaced" in image.get_fields(),
        is_on_its_side=_orientation(image) in ORIENTATIONS_ON_THEIR_SIDE,
    )


def loader(name: str) -> pyvips.Operation:
    """Return libvips' loader for one format, so that no other is ever tried on the bytes."""
    operation = {"avif": "heif"}.get(name, name)
    return getattr(pyvips.Image, f"{operation}load_buffer")


def _frames(name: str, image: pyvips.Image) -> int:
    # A TIFF's pages are a document, an AVIF's a collection: only GIF and WebP frames move.
    return image.get_n_pages() if name in {"gif", "webp"} else 1


def _orientation(image: pyvips.Image) -> int:
    return int(image.get("orientation")) if "orientation" in image.get_fields() else 1
