"""Encodes one picture for one slot."""

from collections.abc import Mapping

import pyvips

from shared.imaging.formats import xmp
from shared.imaging.resize import frame_count
from shared.model.recipe import Codec, Slot

# What each step of a JPEG's effort adds; see docs/recipes.md for bytes and CPU of each. Table 3 is
# mozjpeg's, made for the eye: a twentieth of the bytes of the same look, for nothing.
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
# Of an 8 bit picture, too: libaom rounds less on the way, for a twentieth of the bytes. Every AV1
# decoder takes ten: https://aomediacodec.github.io/av1-spec/, annex A, Main profile.
AVIF_BITS = 10


def codec_for(slot: Slot, image: pyvips.Image, *, flattens: bool) -> Codec:
    """Return what a slot's file will be: WebP or GIF if it moves, PNG if it is transparent."""
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
    """Return the file's bytes; a JPEG shows `background` through.

    An XMP `packet` is its only metadata. A GIF has no place for one.
    """
    if codec is Codec.JPEG and image.hasalpha() and background:
        image = image.flatten(background=list(background))
    save, options = _saver(codec, effort[codec])
    if codec in quality:
        options |= {"Q": quality[codec]}
    if packet:
        image = image.copy()  # the caller's picture stays as it is
        image.set_type(pyvips.GValue.blob_type, xmp.FIELD, packet)
    return bytes(getattr(image, save)(keep="xmp" if packet else "none", **options))


def _saver(codec: Codec, effort: int) -> tuple[str, dict[str, object]]:
    """Return libvips' encoder for a codec, and what an effort means to it."""
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
