"""Encodes an image in the codec of a slot, by libvips' options for its quality and effort."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyvips

from shared.imaging.animation import timing
from shared.imaging.encoding.content import Content
from shared.imaging.encoding.exact_png import exact_png
from shared.imaging.formats import xmp
from shared.imaging.formats.webp import with_alpha
from shared.imaging.resize import frame_count
from shared.model.codec import Codec
from shared.model.quality_and_effort import avif_effort, png_effort
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
# The share of coloured edges from which on colour must not be blurred: photographs have up to
# 1.5 %, screenshots 2 to 5 %, coloured text 14 % and more. docs/recipes.md has costs and savings.
WEBP_COLOURED_EDGES, JPEG_COLOURED_EDGES = 0.025, 0.08
# Lossless WebP: from 76 on, libwebp looks for repetitions in the whole picture, at the same cost.
# https://chromium.googlesource.com/webm/libwebp/+/refs/tags/v1.5.0/src/enc/backward_references_enc.c
EXACT_WEBP_QUALITY = 76
# At this effort it predicts all pixels in the same way, so that equal tiles stay equal. It takes a
# twentieth of the time of the others, and its files of tiles are down to a fifth as large.
UNIFORM_WEBP_EFFORT = 0
# For 8-bit images, too: libaom then rounds less and saves 5 % of the bytes.
AVIF_BITS = 10
# 4:4:4: halved colour costs as many bytes at the same score, and makes coloured text unreadable.
# That is AV1's High profile: docs/decisions/0033-avif-keeps-all-colour.md.
AVIF_OPTIONS: Mapping[str, object] = {
    "compression": "av1",
    "bitdepth": AVIF_BITS,
    "subsample_mode": "off",
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """A codec, and whether its file has exactly the image's pixels; JPEG and AVIF never have.

    `saves_memory` is whether WebP must do without the memory that sharp coloured edges need.
    """

    codec: Codec
    is_exact: bool = False
    saves_memory: bool = False


def encoders_for(slot: Slot, image: pyvips.Image, *, is_drawn: bool) -> tuple[Encoder, ...]:
    """Return the encoders of which the smallest file fills a slot.

    Animations become WebP, and GIF in the fallback slot. A still image in the fallback slot
    becomes PNG if it has alpha, and JPEG otherwise. Drawings are also encoded exactly.
    """
    is_animated = frame_count(image) > 1
    webp, png = Encoder(Codec.WEBP, is_exact=True), Encoder(Codec.PNG, is_exact=True)
    if slot is not Slot.FALLBACK:
        is_webp = is_animated or slot is Slot.WEBP
        best = Encoder(Codec.WEBP if is_webp else Codec.AVIF)
        return (best, webp) if is_drawn else (best,)
    if is_animated:
        return (Encoder(Codec.GIF),)
    if image.hasalpha():
        return (png,)
    return (Encoder(Codec.JPEG), png) if is_drawn else (Encoder(Codec.JPEG),)


def encode(
    image: pyvips.Image,
    encoder: Encoder,
    *,
    quality: Mapping[str, int],
    effort: Mapping[str, int],
    content: Content | None = None,
    packet: bytes = b"",
) -> bytes:
    """Return the file's bytes for an sRGB image or a strip of frames.

    `quality` and `effort` are by codec; without an effort, it follows from the `content`. A JPEG
    has no alpha. The XMP `packet` is the file's only metadata; GIF cannot hold one.
    """
    codec, content = encoder.codec, content or Content(image)
    spent = chosen_effort(codec, effort, content)
    keep = "xmp" if packet else "none"
    if codec in timing.UNIT_MILLISECONDS:
        image = timing.with_timing_of(image, codec)
    if packet:
        image = image.copy()  # metadata must not be set on the caller's image
        image.set_type(pyvips.GValue.blob_type, xmp.FIELD, packet)
    if codec is Codec.PNG:
        return exact_png(image, compression=spent, is_drawn=content.is_drawn, keep=keep)
    if codec is Codec.WEBP and encoder.is_exact:
        data = _exact_webp(image, spent, keep)
    else:
        save, options = _saver(encoder, spent)
        options |= _content_options(encoder, content)
        options |= {"Q": quality[codec]} if codec in quality else {}
        data = bytes(getattr(image, save)(keep=keep, **options))
    return with_alpha(data) if codec is Codec.WEBP and image.hasalpha() else data


def _exact_webp(image: pyvips.Image, effort: int, keep: str) -> bytes:
    """Return the smallest lossless WebP; a still image may consist of tiles."""
    efforts = {effort} if frame_count(image) > 1 else {UNIFORM_WEBP_EFFORT, effort}
    options = {"lossless": True, "Q": EXACT_WEBP_QUALITY, "keep": keep}
    files = (bytes(image.webpsave_buffer(effort=each, **options)) for each in efforts)
    return min(files, key=len)


def _content_options(encoder: Encoder, content: Content) -> dict[str, object]:
    """Return the options that keep coloured edges sharp, or frames of few colours exact."""
    if encoder.codec not in {Codec.WEBP, Codec.JPEG}:
        return {}
    if encoder.codec is Codec.WEBP:
        if frame_count(content.image) > 1:
            # Frames are stored as their changed parts. Parts of few colours become lossless if
            # that is smaller, and for the others the sharp conversion is worse.
            return {"mixed": True}
        has_edges = content.coloured_edges >= WEBP_COLOURED_EDGES
        is_sharp = has_edges and not encoder.saves_memory
        return {"smart_subsample": True} if is_sharp else {}
    return {"subsample_mode": "off"} if content.coloured_edges >= JPEG_COLOURED_EDGES else {}


def chosen_effort(codec: Codec, effort: Mapping[str, int], content: Content) -> int:
    """Return the effort of a codec: as given, or by the content where nothing is given."""
    if codec in effort:
        return effort[codec]
    if codec is Codec.PNG:
        return png_effort(is_drawn=content.is_drawn)
    pixels = content.image.width * content.image.height
    return avif_effort(pixels, content.bits_per_pixel, is_graphic=content.is_graphic)


def _saver(encoder: Encoder, effort: int) -> tuple[str, dict[str, object]]:
    """Return the name of libvips' encoder for a codec, and its options for an effort."""
    match encoder.codec:
        case Codec.AVIF:
            return "heifsave_buffer", {**AVIF_OPTIONS, "effort": effort}
        case Codec.WEBP:
            return "webpsave_buffer", {"effort": effort}
        case Codec.GIF:
            return "gifsave_buffer", {"effort": effort}
        case _:
            return "jpegsave_buffer", dict(JPEG_EFFORTS[effort])
