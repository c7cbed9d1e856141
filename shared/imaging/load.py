"""Decodes a source once: at the smallest scale that serves the largest rung, in sRGB, upright."""

import pyvips

from shared.imaging.probe import UPRIGHT, Header, loader
from shared.imaging.resize import shrink
from shared.model.geometry import Size

# libjpeg halves a picture inside its inverse DCT, which is much cheaper than decoding it whole. It
# may come this close to the wanted size; the rest is left to a better filter.
JPEG_SHRINKS = (8, 4, 2)
JPEG_HEADROOM = 1.25
# A warning of libjpeg may mean a grey lower half, so it fails the image, as it does in sharp.
FAIL_ON = "warning"
OPAQUE = 255
COLOUR_BANDS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb16": 3, "rgb": 3, "cmyk": 4}
PROFILE = "icc-profile-data"


def load(data: bytes, header: Header, wanted: Size) -> pyvips.Image:
    """Return the picture at `wanted` size, 8 bits, three bands or four, in memory.

    A kept animation is one tall strip of frames; `get_page_height` tells a frame's height.
    """
    options: dict[str, object] = {"access": "sequential", "fail_on": FAIL_ON}
    if header.moves:
        options |= {"n": header.frames}
    if header.format == "jpeg":
        options |= {"shrink": _jpeg_shrink(header.upright, wanted)}
    if header.format == "webp":
        # Does not stream: libvips would put over 100 MB in a file, which no child may write.
        options |= {"memory": True}
    image = _with_one_alpha(loader(header.format)(data, **options).copy())
    for name in _misleading(header):
        image.remove(name)
    resized = _carefully if header.moves or image.hasalpha() else _quickly
    return _without_empty_alpha(resized(image, header, wanted).copy_memory())


def _jpeg_shrink(source: Size, wanted: Size) -> int:
    room = min(source.width / wanted.width, source.height / wanted.height)
    return next((shrink for shrink in JPEG_SHRINKS if room >= shrink * JPEG_HEADROOM), 1)


def _with_one_alpha(image: pyvips.Image) -> pyvips.Image:
    """Drop what a TIFF may hold behind the colours and the first extra band."""
    bands = COLOUR_BANDS.get(image.interpretation, image.bands) + 1
    return image.extract_band(0, n=bands) if image.bands > bands else image


def _misleading(header: Header) -> list[str]:
    """Name the metadata that would turn what is not to be turned, or cut what is one picture."""
    orientation = ["orientation"] if header.orientation == UPRIGHT else []
    return orientation if header.moves else [*orientation, "page-height", "n-pages"]


def _quickly(image: pyvips.Image, _header: Header, wanted: Size) -> pyvips.Image:
    # `thumbnail_image` converts the colours after it has made the picture small, and turns it
    # upright. It rounds colours down where there is alpha, and blends the frames of a strip.
    options = {"export_profile": "srgb"} if _needs_profile(image) else {}
    image = image.thumbnail_image(wanted.width, height=wanted.height, size="force", **options)
    return _in_srgb(image)


def _carefully(image: pyvips.Image, header: Header, wanted: Size) -> pyvips.Image:
    image = _in_srgb(image.icc_transform("srgb") if _needs_profile(image) else image)
    if header.moves:
        image = image.copy_memory()  # the frames are taken out of it one by one
    stored = Size(wanted.height, wanted.width) if header.is_on_its_side else wanted
    return shrink(image, stored).copy_memory().autorot()


def _needs_profile(image: pyvips.Image) -> bool:
    """Ask for a conversion only where there is one to make.

    Without a profile libvips would convert sRGB to sRGB, for more CPU than the decode takes.
    """
    return PROFILE in image.get_fields() or image.interpretation == "cmyk"


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    return image if image.format == "uchar" else image.cast("uchar")


def _without_empty_alpha(image: pyvips.Image) -> pyvips.Image:
    """Drop an alpha band that hides nothing: the fallback is then a JPEG and not a PNG."""
    if image.hasalpha() and image[image.bands - 1].min() == OPAQUE:
        return image.extract_band(0, n=image.bands - 1).copy_memory()
    return image
