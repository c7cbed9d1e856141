"""Encodes an image in the codec of a slot, by libvips' options for its quality and effort."""

from collections.abc import Mapping

import pyvips

from shared.imaging import timing
from shared.imaging.formats import xmp
from shared.imaging.resize import frame_count
from shared.model.codec import Codec
from shared.model.recipe import Slot

# libvips' options for the JPEG efforts 0 to 3; docs/recipes.md has bytes and CPU of each. Table 3
# is mozjpeg's perceptual quantisation table: 5 % fewer bytes for the same look, at no cost.
JPEG_EFFORTS: tuple[dict[str, object], ...] = (
    {},
    {"quant_table": 3, "optimize_coding": True},
    {"quant_table": 3, "optimize_coding": True, "interlace": True},
    {
        "quant_table": 3,
        "interlace": True,
        "optimize_coding": True,
        "optimize_scans": True,
        "overshoot_deringing": True,
        "trellis_quant": True,
    },
)
# For 8-bit images, too: libaom then rounds less and saves 5 % of the bytes. Every AV1 decoder
# reads 10 bits: https://aomediacodec.github.io/av1-spec/, annex A, Main profile.
AVIF_BITS = 10


def codec_for(slot: Slot, image: pyvips.Image, *, flattens: bool) -> Codec:
    """Return the codec of a slot's file.

    Animations become WebP, and GIF in the fallback slot. A still image in the fallback slot
    becomes PNG if it has alpha and no background to be flattened on, and JPEG otherwise.
    """
    is_animated = frame_count(image) > 1
    if slot is Slot.AVIF:
        return Codec.WEBP if is_animated else Codec.AVIF
    if slot is Slot.WEBP:
        return Codec.WEBP
    if is_animated:
        return Codec.GIF
    return Codec.PNG if image.hasalpha() and not flattens else Codec.JPEG


def encode(
    image: pyvips.Image,
    codec: Codec,
    *,
    quality: Mapping[str, int],
    effort: Mapping[str, int],
    background: tuple[int, int, int] | None,
    packet: bytes = b"",
) -> bytes:
    """Return the file's bytes for an sRGB image or a strip of frames.

    `quality` and `effort` are by codec. A JPEG of an image with alpha is flattened on
    `background`. The XMP `packet` is the file's only metadata; GIF cannot hold one.
    """
    if codec is Codec.JPEG and image.hasalpha() and background:
        image = image.flatten(background=list(background))
    if codec in timing.UNIT_MILLISECONDS:
        image = timing.with_timing_of(image, codec)
    save, options = _saver(codec, effort[codec])
    if codec in quality:
        options |= {"Q": quality[codec]}
    if packet:
        image = image.copy()  # metadata must not be set on the caller's image
        image.set_type(pyvips.GValue.blob_type, xmp.FIELD, packet)
    return bytes(getattr(image, save)(keep="xmp" if packet else "none", **options))


def _saver(codec: Codec, effort: int) -> tuple[str, dict[str, object]]:
    """Return the name of libvips' encoder for a codec, and its options for an effort."""
    match codec:
        case Codec.AVIF:
            return "heifsave_buffer", {
                "compression": "av1",
                "bitdepth": AVIF_BITS,
                "effort": effort,
            }
        case Codec.WEBP:
            return "webpsave_buffer", {"effort": effort}
        case Codec.GIF:
            return "gifsave_buffer", {"effort": effort}
        case Codec.PNG:
            return "pngsave_buffer", {"compression": effort}
        case Codec.JPEG:
            return "jpegsave_buffer", dict(JPEG_EFFORTS[effort])
