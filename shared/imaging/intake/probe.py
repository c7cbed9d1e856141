"""Reads an image's header; libvips opens files lazily, so that no pixel is decoded here."""

from dataclasses import dataclass, replace

import pyvips

from shared.imaging.animation import gif as animated_gif
from shared.imaging.formats import fax, heif_repair, heif_sequence, jpeg_height, jpeg_repair, tiff
from shared.imaging.formats.apng import read_animation
from shared.imaging.formats.exif import UPRIGHT
from shared.imaging.formats.gif import GifLayout
from shared.imaging.formats.gif_pixels import with_ends
from shared.imaging.heic_and_bmp import READ_BY_PILLOW, read_layout
from shared.imaging.intake.bombs import refuse_bombs
from shared.imaging.intake.sniff import require_rendered_format
from shared.imaging.intake.text_mode import refuse_text_mode
from shared.imaging.intake.truncation import refuse_truncated
from shared.imaging.intake.varieties import refuse_unread_varieties
from shared.imaging.metadata.separation import (
    exif_orientation,
    header_without_metadata,
    without_metadata,
)
from shared.imaging.reading import reading
from shared.model.animations import SEQUENCE_FORMATS
from shared.model.errors import Corrupt, Failure
from shared.model.geometry import Size
from shared.model.manifest import SourceFacts

BITS, RGBA_BANDS = 8, 4
# Formats of drawings, scanned pages and screenshots.
DRAWING_FORMATS = frozenset({"bmp", "gif", "png", "tiff"})
ORIENTATIONS_ON_THEIR_SIDE = range(5, 9)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image's header declares; `stored` is one frame's size before orientation.

    `bits` are per band: 8 or 16. `orientation` is EXIF's, from 1 to 8. `is_composed` is whether
    frames are composed one by one, because libvips cannot.
    """

    format: str
    stored: Size
    frames: int
    bands: int
    bits: int
    has_alpha: bool
    is_interlaced: bool
    orientation: int
    is_composed: bool = False

    @property
    def is_animated(self) -> bool:
        """Return whether there is more than one frame."""
        return self.frames > 1

    @property
    def swaps_sides(self) -> bool:
        """Return whether the orientation swaps width and height."""
        return self.orientation in ORIENTATIONS_ON_THEIR_SIDE

    @property
    def upright(self) -> Size:
        """Return one frame's size as a viewer sees it."""
        if self.swaps_sides:
            return Size(self.stored.height, self.stored.width)
        return self.stored

    @property
    def facts(self) -> SourceFacts:
        """Return the facts that the manifest holds about the source."""
        return SourceFacts(
            self.format, self.upright.width, self.upright.height, self.frames, self.has_alpha
        )

    def first_frame(self) -> "ImageHeader":
        """Return the header of the first frame alone."""
        return replace(self, frames=1)


def probe(data: bytes) -> ImageHeader:
    """Return the header of an image file.

    Raises a permanent failure for other files, for formats that are not rendered, and for
    truncated files and bombs.
    """
    name = require_rendered_format(data)
    with reading(name, data, "probe"):
        _refuse_by_structure(name, data)
        header = _read_header(name, data)
    width, height = header.stored.width, header.stored.height
    if min(width, height) < 1:
        raise Corrupt(f"Expected an image with pixels, got {width}x{height}.", stage="probe")
    return header


def _read_header(name: str, data: bytes) -> ImageHeader:
    pixels = _corrected(name, header_without_metadata(name, _with_height(name, data)))
    if name in READ_BY_PILLOW:
        header = _outlined(name, pixels)
    else:
        opened = loader(name)(pixels, access="sequential")
        header = _header(name, opened)
        if name == "gif":
            header = _with_canvas(header, animated_gif.misread_layout(pixels, opened))
    if name == "png":
        header = _with_movement(header, data)
    means_alpha = name != "tiff" or tiff.has_alpha(data)
    # Viewers do not rotate animations, and a rotated strip of frames would not be one.
    turned = exif_orientation(name, data) if not header.is_animated else UPRIGHT
    # The still image beside a sequence is turned, because only the still image is rendered.
    frames = heif_sequence.frame_count(data) if name in SEQUENCE_FORMATS else header.frames
    return replace(
        header,
        frames=max(1, frames),
        has_alpha=header.has_alpha and means_alpha,
        orientation=turned if turned != UPRIGHT else header.orientation,
    )


def _with_movement(header: ImageHeader, data: bytes) -> ImageHeader:
    """Return the header of a PNG with what its animation declares, if it has one."""
    animation = read_animation(data)
    if animation is None:
        return header
    gains_alpha = animation.uncovers and not header.has_alpha
    frames = len(animation.frames)
    return replace(
        header,
        frames=frames,
        has_alpha=header.has_alpha or gains_alpha,
        bands=header.bands + gains_alpha,
        is_composed=frames > 1 or not animation.begins_with_default,
    )


def _with_canvas(header: ImageHeader, layout: GifLayout | None) -> ImageHeader:
    """Return the header of a GIF with the canvas of browsers, if libvips has another one."""
    if layout is None:
        return header
    canvas = Size(layout.width, layout.height)
    return replace(header, stored=canvas, bands=RGBA_BANDS, has_alpha=True, is_composed=True)


def decodable(name: str, data: bytes) -> bytes:
    """Return what the decoder gets of a file: no metadata, and no known mistakes of writers."""
    pixels = _corrected(name, without_metadata(name, _with_height(name, data)))
    return fax.without_end(pixels) if name == "tiff" else pixels


def _with_height(name: str, data: bytes) -> bytes:
    """Return the file with its height in its header: it may stand after the header of a JPEG."""
    return jpeg_height.with_height(data) if name == "jpeg" else data


def _corrected(name: str, pixels: bytes) -> bytes:
    if name == "gif":
        return with_ends(pixels)
    if name in {"avif", "heic"}:
        return heif_repair.repaired(pixels)
    return jpeg_repair.repaired(pixels) if name == "jpeg" else pixels


def _refuse_by_structure(name: str, data: bytes) -> None:
    try:
        refuse_text_mode(name, data)
        refuse_truncated(name, data)
        refuse_bombs(name, data)
        refuse_unread_varieties(name, data)
        if name == "tiff":
            tiff.refuse_what_libvips_gets_wrong(data)
    except Failure as failure:
        failure.stage = failure.stage or "probe"
        raise


def is_held_whole(header: ImageHeader) -> bool:
    """Return whether all pixels must be in memory before the image is shrunk.

    Animations and images with alpha cannot be shrunk as they are decoded. In formats of drawings,
    black and white pixels are counted first (see `cascade`).
    """
    may_be_drawing = header.format in DRAWING_FORMATS and header.bits == BITS
    is_held = header.is_animated or header.is_composed or header.has_alpha
    return is_held or may_be_drawing


def loader(name: str) -> pyvips.Operation:
    """Return libvips' loader for one format: no other loader may be tried on the bytes."""
    operation = {"avif": "heif"}.get(name, name)
    return getattr(pyvips.Image, f"{operation}load_buffer")


def _header(name: str, image: pyvips.Image) -> ImageHeader:
    frames = _frames(name, image)
    return ImageHeader(
        format=name,
        stored=Size(image.width, image.height),
        frames=frames,
        bands=image.bands,
        bits=BITS if image.format == "uchar" else 2 * BITS,
        has_alpha=bool(image.hasalpha()),
        is_interlaced=bool(image.get_typeof("interlaced")),
        orientation=_orientation(image),
    )


def _outlined(name: str, data: bytes) -> ImageHeader:
    found = read_layout(name, data)
    return ImageHeader(
        format=name,
        stored=Size(found.width, found.height),
        frames=1,
        bands=found.bands,
        bits=found.bits,
        has_alpha=found.has_alpha,
        is_interlaced=False,
        orientation=UPRIGHT,
    )


def _frames(name: str, image: pyvips.Image) -> int:
    # The pages of a TIFF are a document, those of an AVIF a collection: neither is an animation.
    # Not `get_n_pages`, which returns 1 for 10,000 pages and more.
    is_animated = name in {"gif", "webp"} and image.get_typeof("n-pages")
    return int(image.get("n-pages")) if is_animated else 1


def _orientation(image: pyvips.Image) -> int:
    return int(image.get("orientation")) if image.get_typeof("orientation") else UPRIGHT
