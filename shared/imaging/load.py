"""Decodes a source once: at the smallest scale that serves the largest rung, in sRGB, upright."""

import pyvips

from shared.imaging import icc
from shared.imaging.cascade import Picture, Plain, Premultiplied, Roomy, in_cascade, is_crowded
from shared.imaging.probe import UPRIGHT, Header, is_held_whole
from shared.imaging.resize import shrink
from shared.imaging.source import open_source
from shared.imaging.srgb import is_srgb
from shared.model.geometry import Size

# libjpeg halves a picture inside its inverse DCT, which is much cheaper than decoding it whole. It
# may come this close to the wanted size; the rest is left to a better filter.
JPEG_SHRINKS = (8, 4, 2)
JPEG_HEADROOM = 1.5
# A warning of libjpeg may mean a grey lower half, so it fails the image, as it does in sharp.
FAIL_ON = "warning"
OPAQUE = {"uchar": 255, "ushort": 65535}
COLOUR_BANDS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb16": 3, "rgb": 3, "cmyk": 4}


def load(data: bytes, header: Header, wanted: Size) -> Picture:
    """Return the picture at `wanted` size, in memory.

    A kept animation is one tall strip of frames; `get_page_height` tells a frame's height.
    """
    image = _opened(data, header, wanted)
    if is_held_whole(header) or image.hasalpha():
        image = image.copy_memory()
        # Looked for first: without alpha, the rest takes a quarter of the time.
        image = _without_empty_alpha(image)
        if header.moves or image.hasalpha():
            return _in_one_piece(image, header, wanted)
        return _with_room(image, wanted) if is_crowded(image) else _as_it_streams(image, wanted)
    picture = _as_it_streams(image, wanted)
    if header.format != "jpeg" or isinstance(picture, Plain) or not _can_have_room(image):
        return picture
    # A scanned page, or a product on white: the first step has cut something off already. Only a
    # JPEG is decoded cheaply enough to do that step again, and libjpeg's halving blurs letters.
    return _with_room(_opened(data, header, header.upright), wanted)


def _opened(data: bytes, header: Header, wanted: Size) -> pyvips.Image:
    options: dict[str, object] = {"access": "sequential", "fail_on": FAIL_ON}
    if header.moves:
        options |= {"n": header.frames}
    if header.format == "jpeg":
        options |= {"shrink": _jpeg_shrink(header.upright, wanted)}
    if header.format == "webp":
        # Does not stream: libvips would put over 100 MB in a file, which no child may write.
        options |= {"memory": True}
    image = _with_one_alpha(open_source(header.format, data, **options).copy())
    for name in _misleading(header):
        image.remove(name)
    return image


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


def _as_it_streams(image: pyvips.Image, wanted: Size) -> Picture:
    """Shrink an opaque still.

    `thumbnail_image` converts the colours after it has made the picture small, and turns it
    upright.
    """
    options = {"export_profile": "srgb"} if _needs_profile(image) else {}
    small = image.thumbnail_image(wanted.width, height=wanted.height, size="force", **options)
    return in_cascade(_in_srgb(small).copy_memory())


def _with_room(image: pyvips.Image, wanted: Size) -> Picture:
    """Shrink an opaque still that has much black or white, before anything is cut off."""
    if not _can_have_room(image):
        return _as_it_streams(image, wanted)
    room = Roomy.of(_in_srgb(image)).image
    small = room.thumbnail_image(wanted.width, height=wanted.height, size="force")
    return Roomy(small.copy_memory())


def _can_have_room(image: pyvips.Image) -> bool:
    """Say no where there are colours to convert: squeezed, they are not what the profile means."""
    return image.format == "uchar" and not _needs_profile(image)


def _in_one_piece(image: pyvips.Image, header: Header, wanted: Size) -> Picture:
    """Shrink what `thumbnail_image` would get wrong.

    It rounds colours down where there is alpha, and blends the frames of a strip.
    """
    image = _in_srgb(image.icc_transform("srgb") if _needs_profile(image) else image)
    stored = Size(wanted.height, wanted.width) if header.is_on_its_side else wanted
    if header.moves:
        return Plain(shrink(image.copy_memory(), stored))
    small = Premultiplied.of(image).shrunk(stored).image
    return Premultiplied(small.autorot().copy_memory())


def _needs_profile(image: pyvips.Image) -> bool:
    """Ask for a conversion only where there is one to make.

    Without a profile libvips would convert sRGB to sRGB, for more CPU than the decode takes.
    """
    if icc.FIELD in image.get_fields():
        return not is_srgb(image.get(icc.FIELD))
    return bool(image.interpretation == "cmyk")


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    return image if image.format == "uchar" else image.cast("uchar")


def _without_empty_alpha(image: pyvips.Image) -> pyvips.Image:
    """Drop an alpha band that hides nothing: the fallback is then a JPEG and not a PNG."""
    if image.hasalpha() and image[image.bands - 1].min() == OPAQUE.get(image.format):
        return image.extract_band(0, n=image.bands - 1)
    return image
