"""Reads an image's header and nothing else: libvips opens lazily, no pixel is decoded here."""

from dataclasses import dataclass, replace

import pyvips

from shared.imaging.sniff import require_rendered_format
from shared.imaging.vips import FAILURES, translated
from shared.imaging.whole import refuse_cut_short
from shared.model.geometry import Size
from shared.model.manifest import SourceFacts
from shared.model.recipe import Animation

# EXIF 2.32, tag 0x0112
UPRIGHT = 1
ORIENTATIONS_ON_THEIR_SIDE = range(5, 9)


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
    orientation: int

    @property
    def moves(self) -> bool:
        """Say whether there is more than one frame."""
        return self.frames > 1

    @property
    def is_on_its_side(self) -> bool:
        """Say whether a viewer sees the sides exchanged."""
        return self.orientation in ORIENTATIONS_ON_THEIR_SIDE

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

    def kept(self, animation: Animation) -> "Header":
        """Return the header of what a recipe takes of the image: every frame, or the first."""
        return self if animation is Animation.KEEP else replace(self, frames=1)


def probe(data: bytes) -> Header:
    """Return the header of an image; a permanent failure if it is none that we render."""
    name = require_rendered_format(data)
    refuse_cut_short(name, data)
    try:
        return _header(name, loader(name)(data, access="sequential"))
    except FAILURES as error:
        raise translated(error, "probe") from error


def loader(name: str) -> pyvips.Operation:
    """Return libvips' loader for one format, so that no other is ever tried on the bytes."""
    operation = {"avif": "heif"}.get(name, name)
    return getattr(pyvips.Image, f"{operation}load_buffer")


def _header(name: str, image: pyvips.Image) -> Header:
    frames = _frames(name, image)
    return Header(
        format=name,
        stored=Size(image.width, image.height),
        frames=frames,
        bands=image.bands,
        bits=8 if image.format == "uchar" else 16,
        has_alpha=bool(image.hasalpha()),
        is_interlaced="interlaced" in image.get_fields(),
        # Viewers do not turn what moves, and a turned strip of frames would be none.
        orientation=UPRIGHT if frames > 1 else _orientation(image),
    )


def _frames(name: str, image: pyvips.Image) -> int:
    # A TIFF's pages are a document, an AVIF's a collection: only GIF and WebP frames move.
    return image.get_n_pages() if name in {"gif", "webp"} else 1


def _orientation(image: pyvips.Image) -> int:
    return int(image.get("orientation")) if "orientation" in image.get_fields() else UPRIGHT
