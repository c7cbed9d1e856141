"""Decodes a source once, at the size of the largest rung, in sRGB and upright."""

import pyvips

from shared.imaging import decoder_log
from shared.imaging.cascade import (
    Headroom,
    Intermediate,
    Plain,
    Premultiplied,
    has_extremes,
    in_cascade,
)
from shared.imaging.colour import bands, icc
from shared.imaging.colour.alpha import is_opaque
from shared.imaging.colour.srgb import is_srgb
from shared.imaging.damage import gif as gif_damage
from shared.imaging.damage import jpeg as jpeg_damage
from shared.imaging.damage import tiff as tiff_damage
from shared.imaging.formats.exif import UPRIGHT
from shared.imaging.intake.probe import ImageHeader, decodable, is_held_whole
from shared.imaging.reading import reading
from shared.imaging.resize import shrink
from shared.imaging.source import open_source
from shared.model.geometry import Size

# libjpeg can shrink an image by these factors inside its inverse DCT, which is much cheaper than
# decoding all of it.
JPEG_SHRINKS = (8, 4, 2)
# The shrunk image stays larger than the wanted size by this factor: libvips' filter is better.
JPEG_MARGIN = 1.25
COLOUR_BANDS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb16": 3, "rgb": 3, "cmyk": 4}


def load(data: bytes, header: ImageHeader, wanted: Size) -> Intermediate:
    """Return the image at `wanted`, the upright size of one frame, in memory.

    An animation is one tall strip of frames; `get_page_height` returns a frame's height. Raises a
    permanent failure for a file that cannot be decoded, and for a GIF, a JPEG or a TIFF that has
    lost pixels.
    """
    with reading(header.format, data, "render"):
        if header.format == "gif":
            gif_damage.refuse_missing_pixels(data, header.frames, header.stored.pixels)
            decoder_log.clear()
        are_scans_intact = header.format == "jpeg" and jpeg_damage.refuse_damaged_scans(data)
        intermediate = _loaded(data, header, wanted)
        # The loader is closed by now, and has logged how many warnings there were.
        if header.format == "jpeg":
            warnings = decoder_log.messages()
            jpeg_damage.refuse_damaged(data, warnings, are_scans_intact=are_scans_intact)
        if header.format == "tiff":
            tiff_damage.refuse_damaged(decodable("tiff", data), decoder_log.messages())
    return intermediate


def _loaded(data: bytes, header: ImageHeader, wanted: Size) -> Intermediate:
    image = _opened(data, header, wanted)
    if is_held_whole(header) or image.hasalpha():
        image = _decoded(image)
        # First, because without alpha the rest takes a quarter of the time.
        image = _without_opaque_alpha(image)
        if header.is_animated or image.hasalpha():
            return _shrunk_in_memory(image, header, wanted)
        return _with_headroom(image, wanted) if has_extremes(image) else _streamed(image, wanted)
    shrunk = _streamed(image, wanted)
    allows_headroom = header.format == "jpeg" and _allows_headroom(image, wanted)
    if isinstance(shrunk, Plain) or not allows_headroom:
        return shrunk
    # A scanned page, or a product on white: the first resize has clipped overshoot. Only a JPEG
    # decodes cheaply enough to start again, now at full size: libjpeg's shrinking blurs text.
    del image  # frees the first decoder: the memory cost allows for one at a time
    return _with_headroom(_opened(data, header, header.upright), wanted)


def _opened(data: bytes, header: ImageHeader, wanted: Size) -> pyvips.Image:
    options: dict[str, object] = {
        "access": "sequential",
        "fail_on": _fail_on(data, header),
    }
    if header.format == "jpeg":
        options |= {"shrink": _jpeg_shrink(header.upright, wanted)}
    if header.format == "webp":
        # WebP does not stream. libvips would buffer over 100 MB in a file, which RLIMIT_FSIZE
        # forbids.
        options |= {"memory": True}
    opened = open_source(header.format, data, header.frames, **options)
    image = _without_extra_bands(opened.copy(), header)
    for name in _misleading_fields(header):
        image.remove(name)
    if header.orientation != UPRIGHT:
        image.set_type(pyvips.GValue.gint_type, "orientation", header.orientation)
    image = bands.as_profiled(image)
    if image.get_typeof(icc.FIELD):
        _bound_profile(image)
    return bands.without_ink(image)


def _fail_on(data: bytes, header: ImageHeader) -> str:
    """Return the least problem at which libvips must stop.

    A warning may mean a grey lower half. So warnings fail the image, as in sharp, except those
    that `jpeg_damage` and `tiff_damage` assess.
    """
    if header.format == "tiff":
        return tiff_damage.fail_on(data)
    return "error" if header.format == "jpeg" else "warning"


def _bound_profile(image: pyvips.Image) -> None:
    profile = icc.without_float_tables(image.get(icc.FIELD))
    if _is_ineffective(profile, image):
        image.remove(icc.FIELD)
    else:
        image.set_type(pyvips.GValue.blob_type, icc.FIELD, profile)


def _jpeg_shrink(source: Size, wanted: Size) -> int:
    factor = min(source.width / wanted.width, source.height / wanted.height)
    return next((shrink for shrink in JPEG_SHRINKS if factor >= shrink * JPEG_MARGIN), 1)


def _without_extra_bands(image: pyvips.Image, header: ImageHeader) -> pyvips.Image:
    """Drop the bands that a TIFF may have after its colours and alpha."""
    has_alpha = header.has_alpha or header.format != "tiff"
    bands = COLOUR_BANDS.get(image.interpretation, image.bands) + has_alpha
    return image.extract_band(0, n=bands) if image.bands > bands else image


def _misleading_fields(header: ImageHeader) -> list[str]:
    """Return the metadata fields by which libvips would rotate or split the image wrongly."""
    orientation = ["orientation"] if header.orientation == UPRIGHT else []
    return orientation if header.is_animated else [*orientation, "page-height", "n-pages"]


def _streamed(image: pyvips.Image, wanted: Size) -> Intermediate:
    """Shrink an opaque still image as it is decoded.

    `thumbnail_image` converts the colours after shrinking, and rotates the image upright.
    """
    options = {"export_profile": "srgb"} if _needs_conversion(image) else {}
    small = image.thumbnail_image(wanted.width, height=wanted.height, size="force", **options)
    return in_cascade(_decoded(_in_srgb(small)))


def _with_headroom(image: pyvips.Image, wanted: Size) -> Intermediate:
    """Shrink an opaque still image with much black or white, without clipping its overshoot."""
    if not _allows_headroom(image, wanted):
        return _streamed(image, wanted)
    compressed = Headroom.of(_in_srgb(image)).image
    small = compressed.thumbnail_image(wanted.width, height=wanted.height, size="force")
    return Headroom(_decoded(small))


def _decoded(image: pyvips.Image) -> pyvips.Image:
    """Return a lazy image in memory, and keep the decoder's messages."""
    in_memory = image.copy_memory()
    decoder_log.keep_errors()
    return in_memory


def _allows_headroom(image: pyvips.Image, wanted: Size) -> bool:
    """Return whether the image shrinks, has 8 bits and needs no colour conversion.

    Headroom compression must not run before ICC conversion: it would change the colours that the
    profile converts.
    """
    shrinks = wanted.pixels < image.width * image.height
    return shrinks and image.format == "uchar" and not _needs_conversion(image)


def _shrunk_in_memory(image: pyvips.Image, header: ImageHeader, wanted: Size) -> Intermediate:
    """Shrink an animation or an image with alpha.

    `thumbnail_image` would round the colours of transparent pixels down, and blend the frames of a
    strip into each other.
    """
    image = _in_srgb(image.icc_transform("srgb") if _needs_conversion(image) else image)
    if header.is_animated:
        return Plain(shrink(image.copy_memory(), wanted))
    # Rotated before it has 16 bytes a pixel: the rotated copy would take as many once more.
    return Premultiplied.of(image.autorot()).shrunk(wanted)


def _is_ineffective(profile: bytes, image: pyvips.Image) -> bool:
    """Return whether a profile is sRGB, of another space, or too broken to convert one pixel.

    libvips would convert sRGB to sRGB, which costs more CPU than the decode, and in the place of a
    profile of another space it would take a usual one. Viewers ignore both and broken ones.
    """
    if is_srgb(profile) or not bands.are_described(image, profile):
        return True
    pixel = pyvips.Image.black(1, 1, bands=image.bands).cast(image.format)
    pixel = pixel.copy(interpretation=image.interpretation)
    pixel.set_type(pyvips.GValue.blob_type, icc.FIELD, profile)
    try:
        pixel.icc_transform("srgb").avg()
    except pyvips.Error:
        return True
    return False


def _needs_conversion(image: pyvips.Image) -> bool:
    """Return whether colours must be converted by the embedded profile."""
    return bool(image.get_typeof(icc.FIELD))


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    return image if image.format == "uchar" else image.cast("uchar")


def _without_opaque_alpha(image: pyvips.Image) -> pyvips.Image:
    """Drop an alpha band that is opaque everywhere: the fallback is then a JPEG, not a PNG."""
    if image.hasalpha() and is_opaque(image):
        return image.extract_band(0, n=image.bands - 1)
    return image
