"""Opens a source's pixels, and adds the colour profile where libvips does not read one."""

from typing import Any

import pyvips

from shared.imaging import heic_and_bmp
from shared.imaging.colour import alpha, cicp, icc
from shared.imaging.formats import heif_alpha, heif_properties, png
from shared.imaging.intake.probe import decodable, loader

GREY_BANDS = 2  # grey, with or without alpha


def open_source(name: str, data: bytes, **options: Any) -> pyvips.Image:  # noqa: ANN401 - libvips' own
    """Return a source's pixels with the bands, bits and orientation that are stored.

    `options` go to libvips' loader, which gets no metadata. The image has a profile if its colours
    are not sRGB. HEIC and BMP are decoded at once, and HEIC is upright already; the other formats
    are lazy.
    """
    pixels = decodable(name, data)
    if name in heic_and_bmp.READ_BY_PILLOW:
        return heic_and_bmp.decode(name, pixels)
    image = _with_correct_alpha(name, data, loader(name)(pixels, **options))
    profile = _unread_profile(name, data, grey=image.bands <= GREY_BANDS)
    if profile is None or image.get_typeof(icc.FIELD):
        return image
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, icc.FIELD, profile)
    return image


def _with_correct_alpha(name: str, data: bytes, image: pyvips.Image) -> pyvips.Image:
    if name != "avif" or not image.hasalpha():
        return image
    if heif_alpha.is_limited_range(data):
        image = alpha.with_full_range_alpha(image)
    if heif_alpha.is_premultiplied(data):
        image = alpha.without_premultiplication(image)
    return image


def _unread_profile(name: str, data: bytes, *, grey: bool) -> bytes | None:
    if name == "png":
        return png.colour_profile(data, grey=grey)
    if name != "avif":
        return None
    numbers = heif_properties.primaries_and_transfer(data)
    return cicp.profile(*numbers, grey=grey) if numbers else None
