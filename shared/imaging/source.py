"""Opens a source's pixels, and adds the colour profile where libvips does not read one."""

from typing import Any

import pyvips

from shared.imaging import heic_and_bmp
from shared.imaging.animation import gif as animated_gif
from shared.imaging.animation import png as animated_png
from shared.imaging.colour import alpha, bands, cicp, icc
from shared.imaging.formats import heif_alpha, heif_properties, heif_range, png
from shared.imaging.intake.probe import decodable, loader

PAGED = frozenset({"gif", "webp"})  # libvips reads their frames as pages
GREY_BANDS = 2  # grey, with or without alpha


def open_source(name: str, data: bytes, frames: int, **options: Any) -> pyvips.Image:  # noqa: ANN401 - libvips' own
    """Return a source's pixels with the bands, bits and orientation that are stored.

    `frames` is how many frames of an animation are wanted: a strip, if it is more than one.
    `options` go to libvips' loader, which gets no metadata. The image has a profile if its colours
    are not sRGB. HEIC, BMP and frames that libvips does not compose are decoded at once, and HEIC
    is upright already; all others are lazy.
    """
    pixels = decodable(name, data)
    if name in heic_and_bmp.READ_BY_PILLOW:
        decoded = heic_and_bmp.decode(name, pixels)
        return _as_contained(data, decoded) if name == "heic" else decoded
    if name in PAGED and frames > 1:
        options["n"] = frames
    opened = loader(name)(pixels, **options)
    image = _as_shown(name, pixels if name == "gif" else data, opened, frames)
    grey = min(opened.bands, image.bands) <= GREY_BANDS
    profile = _profile(name, data, opened, grey=grey)
    if profile is None or image.get_typeof(icc.FIELD):
        return image
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, icc.FIELD, profile)
    return image


def _as_shown(name: str, data: bytes, image: pyvips.Image, frames: int) -> pyvips.Image:
    """Return what viewers show where libvips does not read all that the file says."""
    if name == "gif":
        return animated_gif.composed(data, image, frames)
    if name == "png":
        return animated_png.composed(data, image, frames)
    return _as_contained(data, image) if name == "avif" else image


def _as_contained(data: bytes, image: pyvips.Image) -> pyvips.Image:
    """Return what the container says of the pixels of an AVIF or a HEIC."""
    if heif_range.is_grey(data):
        image = bands.as_grey(image)
        if heif_range.is_grey_limited(data):
            image = alpha.with_full_range_colours(image)
    if not image.hasalpha():
        return image
    if heif_range.is_alpha_limited(data):
        image = alpha.with_full_range_alpha(image)
    return alpha.without_premultiplication(image) if heif_alpha.is_premultiplied(data) else image


def _profile(name: str, data: bytes, opened: pyvips.Image, *, grey: bool) -> bytes | None:
    if opened.get_typeof(icc.FIELD):
        return bytes(opened.get(icc.FIELD))
    return _unread_profile(name, data, grey=grey)


def _unread_profile(name: str, data: bytes, *, grey: bool) -> bytes | None:
    if name == "png":
        return png.colour_profile(data, grey=grey)
    if name != "avif":
        return None
    numbers = heif_properties.primaries_and_transfer(data)
    return cicp.profile(*numbers, grey=grey) if numbers else None
