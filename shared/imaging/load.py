"""Decodes a source once: at the smallest scale that serves the largest rung, in sRGB, upright."""

import pyvips

from shared.imaging.cascade import (
    Headroom,
    Intermediate,
    Plain,
    Premultiplied,
    has_extremes,
    in_cascade,
)
from shared.imaging.colour import icc
from shared.imaging.colour.srgb import is_srgb
from shared.imaging.intake.probe import UPRIGHT, ImageHeader, is_held_whole
from shared.imaging.resize import shrink
from shared.imaging.source import open_source
from shared.model.geometry import Size

# libjpeg halves a picture inside its inverse DCT, which is much cheaper than decoding it whole. It
# may come this close to the wanted size; the rest is left to a better filter.
JPEG_SHRINKS = (8, 4, 2)
JPEG_HEADROOM = 1.25
# A warning of libjpeg may mean a grey lower half, so it fails the image, as it does in sharp.
FAIL_ON = "warning"
OPAQUE = {"uchar": 255, "ushort": 65535}
COLOUR_BANDS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb16": 3, "rgb": 3, "cmyk": 4}


def load(data: bytes, header: ImageHeader, wanted: Size) -> Intermediate:
    """Return the picture at `wanted` size, in memory.

    A kept animation is one tall strip of frames; `get_page_height` tells a frame's height.
    """
    image = _opened(data, header, wanted)
    if is_held_whole(header) or image.hasalpha():
        image = image.copy_memory()
        # Looked for first: without alpha, the rest takes a quarter of the time.
        image = _without_empty_alpha(image)
        if header.is_animated or image.hasalpha():
            return _in_one_piece(image, header, wanted)
        return _with_room(image, wanted) if has_extremes(image) else _as_it_streams(image, wanted)
    picture = _as_it_streams(image, wanted)
    can_have_room = header.format == "jpeg" and _can_have_room(image, wanted)
    if isinstance(picture, Plain) or not can_have_room:
        return picture
    # A scanned page, or a product on white: the first step has cut something off already. Only a
    # JPEG is decoded cheaply enough to do that step again, and libjpeg's halving blurs letters.
    del image  # and with it what the decoder holds: twice is more than was admitted
    return _with_room(_opened(data, header, header.upright), wanted)


def _opened(data: bytes, header: ImageHeader, wanted: Size) -> pyvips.Image:
    options: dict[str, object] = {"access": "sequential", "fail_on": FAIL_ON}
    if header.is_animated:
        options |= {"n": header.frames}
    if header.format == "jpeg":
        options |= {"shrink": _jpeg_shrink(header.upright, wanted)}
    if header.format == "webp":
        # Does not stream: libvips would put over 100 MB in a file, which no child may write.
        options |= {"memory": True}
    image = _without_extra_bands(open_source(header.format, data, **options).copy(), header)
    for name in _misleading(header):
        image.remove(name)
    if image.get_typeof(icc.FIELD) and _says_nothing(image.get(icc.FIELD), image):
        image.remove(icc.FIELD)
    return image


def _jpeg_shrink(source: Size, wanted: Size) -> int:
    room = min(source.width / wanted.width, source.height / wanted.height)
    return next((shrink for shrink in JPEG_SHRINKS if room >= shrink * JPEG_HEADROOM), 1)


def _without_extra_bands(image: pyvips.Image, header: ImageHeader) -> pyvips.Image:
    """Drop what a TIFF may hold behind the colours and their transparency."""
    has_alpha = header.has_alpha or header.format != "tiff"
    bands = COLOUR_BANDS.get(image.interpretation, image.bands) + has_alpha
    return image.extract_band(0, n=bands) if image.bands > bands else image


def _misleading(header: ImageHeader) -> list[str]:
    """Name the metadata that would turn what is not to be turned, or cut what is one picture."""
    orientation = ["orientation"] if header.orientation == UPRIGHT else []
    return orientation if header.is_animated else [*orientation, "page-height", "n-pages"]


def _as_it_streams(image: pyvips.Image, wanted: Size) -> Intermediate:
    """Shrink an opaque still.

    `thumbnail_image` converts the colours after it has made the picture small, and turns it
    upright.
    """
    options = {"export_profile": "srgb"} if _needs_profile(image) else {}
    small = image.thumbnail_image(wanted.width, height=wanted.height, size="force", **options)
    return in_cascade(_in_srgb(small).copy_memory())


def _with_room(image: pyvips.Image, wanted: Size) -> Intermediate:
    """Shrink an opaque still that has much black or white, before anything is cut off."""
    if not _can_have_room(image, wanted):
        return _as_it_streams(image, wanted)
    room = Headroom.of(_in_srgb(image)).image
    small = room.thumbnail_image(wanted.width, height=wanted.height, size="force")
    return Headroom(small.copy_memory())


def _can_have_room(image: pyvips.Image, wanted: Size) -> bool:
    """Say no where nothing is made smaller, or where there are colours to convert.

    Squeezed, they are not those that the profile means.
    """
    shrinks = wanted.pixels < image.width * image.height
    return shrinks and image.format == "uchar" and not _needs_profile(image)


def _in_one_piece(image: pyvips.Image, header: ImageHeader, wanted: Size) -> Intermediate:
    """Shrink what `thumbnail_image` would get wrong.

    It rounds colours down where there is alpha, and blends the frames of a strip.
    """
    image = _in_srgb(image.icc_transform("srgb") if _needs_profile(image) else image)
    stored = Size(wanted.height, wanted.width) if header.swaps_sides else wanted
    if header.is_animated:
        return Plain(shrink(image.copy_memory(), stored))
    small = Premultiplied.of(image).shrunk(stored).image
    return Premultiplied(small.autorot().copy_memory())


def _says_nothing(profile: bytes, image: pyvips.Image) -> bool:
    """Say whether a profile is sRGB, or too broken to convert one pixel: viewers ignore that.

    libvips would convert sRGB to sRGB, for more CPU than the decode takes.
    """
    if is_srgb(profile):
        return True
    pixel = pyvips.Image.black(1, 1, bands=image.bands).cast(image.format)
    pixel = pixel.copy(interpretation=image.interpretation)
    pixel.set_type(pyvips.GValue.blob_type, icc.FIELD, profile)
    try:
        pixel.icc_transform("srgb").avg()
    except pyvips.Error:
        return True
    return False


def _needs_profile(image: pyvips.Image) -> bool:
    """Ask for a conversion only where there is one to make."""
    return bool(image.get_typeof(icc.FIELD)) or image.interpretation == "cmyk"


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    return image if image.format == "uchar" else image.cast("uchar")


def _without_empty_alpha(image: pyvips.Image) -> pyvips.Image:
    """Drop an alpha band that hides nothing: the fallback is then a JPEG and not a PNG."""
    if image.hasalpha() and image[image.bands - 1].min() == OPAQUE.get(image.format):
        return image.extract_band(0, n=image.bands - 1)
    return image
