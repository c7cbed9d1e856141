"""Decodes a source once: at the smallest scale that serves the largest rung, in sRGB, upright."""

import pyvips

from shared.imaging.gif import refuse_cut_short
from shared.imaging.probe import Header, loader
from shared.model.geometry import Size
from shared.model.recipe import Animation

# libjpeg halves a picture inside its inverse DCT, which is much cheaper than decoding it whole. It
# may come this close to the wanted size; the rest is left to a better filter.
JPEG_SHRINKS = (8, 4, 2)
JPEG_HEADROOM = 1.25
# A warning of libjpeg may mean a grey lower half, so it fails the image, as it does in sharp.
FAIL_ON = "warning"
OPAQUE = 255


def load(data: bytes, header: Header, wanted: Size, animation: Animation) -> pyvips.Image:
    """Return the picture at `wanted` size, 8 bits, three bands or four, in memory.

    A kept animation is one tall strip of frames; `get_page_height` tells a frame's height.
    """
    options: dict[str, object] = {"access": "sequential", "fail_on": FAIL_ON}
    if header.frames > 1:
        options |= {"n": -1 if animation is Animation.KEEP else 1}
    if header.format == "jpeg":
        options |= {"shrink": _jpeg_shrink(header.upright, wanted)}
    if header.format == "gif":
        refuse_cut_short(data)
    image = loader(header.format)(data, **options)
    # `thumbnail_image` converts the colours after it has made the picture small, multiplies by
    # alpha around the resize, and turns the picture upright.
    image = image.thumbnail_image(
        wanted.width, height=wanted.height, size="force", **_colour_options(image)
    )
    return _without_empty_alpha(_in_srgb(image).copy_memory())


def _jpeg_shrink(source: Size, wanted: Size) -> int:
    room = min(source.width / wanted.width, source.height / wanted.height)
    return next((shrink for shrink in JPEG_SHRINKS if room >= shrink * JPEG_HEADROOM), 1)


def _colour_options(image: pyvips.Image) -> dict[str, object]:
    """Ask for a conversion only where there is one to make.

    Without a profile libvips would convert sRGB to sRGB, for more CPU than the decode takes.
    """
    has_profile = "icc-profile-data" in image.get_fields()
    return {"export_profile": "srgb"} if has_profile or image.interpretation == "cmyk" else {}


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    return image if image.format == "uchar" else image.cast("uchar")


def _without_empty_alpha(image: pyvips.Image) -> pyvips.Image:
    """Drop an alpha band that hides nothing: the fallback is then a JPEG and not a PNG."""
    if image.hasalpha() and image[image.bands - 1].min() == OPAQUE:
        return image.extract_band(0, n=image.bands - 1).copy_memory()
    return image
