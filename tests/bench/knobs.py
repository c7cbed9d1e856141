"""Encoder options beside quality and effort, for `quality --knobs`."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.codec import Codec

SAVERS = {
    Codec.AVIF: "heifsave_buffer",
    Codec.WEBP: "webpsave_buffer",
    Codec.JPEG: "jpegsave_buffer",
}

# The effort that plots and tables compare the encoders at; AVIF's follows from the content.
USUAL_EFFORT: Mapping[str, int] = {Codec.AVIF: 1, Codec.WEBP: 2, Codec.JPEG: 1}


@dataclass(frozen=True, slots=True)
class Knob:
    """One set of options of a libvips encoder, by libvips' names."""

    name: str
    codec: Codec
    effort: int
    options: Mapping[str, object]


def _avif(name: str, effort: int, bitdepth: int, **options: object) -> Knob:
    fixed = {"compression": "av1", "bitdepth": bitdepth, "effort": effort}
    return Knob(name, Codec.AVIF, effort, fixed | options)


def _webp(name: str, effort: int, **options: object) -> Knob:
    return Knob(name, Codec.WEBP, effort, {"effort": effort} | options)


def _jpeg(name: str, effort: int, **options: object) -> Knob:
    return Knob(name, Codec.JPEG, effort, {"optimize_coding": True} | options)


KNOBS = (
    *(_avif("8 bits", effort, 8) for effort in range(4)),
    *(_avif("10 bits", effort, 10) for effort in range(4)),
    *(_avif("8 bits, 4:4:4", effort, 8, subsample_mode="off") for effort in range(2)),
    *(_avif("10 bits, 4:4:4", effort, 10, subsample_mode="off") for effort in range(2)),
    _avif("8 bits, tuned for SSIM", 1, 8, tune="ssim"),
    *(_webp("plain", effort) for effort in (2, 4)),
    *(_webp("smart_subsample", effort, smart_subsample=True) for effort in (2, 4)),
    _webp("preset photo", 2, preset="photo"),
    _webp("three passes", 2, passes=3),
    _webp("smart_deblock", 2, smart_deblock=True),
    _jpeg("plain", 1),
    _jpeg("4:4:4", 1, subsample_mode="off"),
    _jpeg("quantisation table 2", 1, quant_table=2),
    _jpeg("quantisation table 3", 1, quant_table=3),
    _jpeg("progressive, table 3", 2, quant_table=3, interlace=True),
    _jpeg("table 3, trellis", 3, quant_table=3, trellis_quant=True),
    _jpeg("progressive, table 2, trellis", 3, quant_table=2, trellis_quant=True, interlace=True),
    _jpeg("progressive, table 3, trellis", 3, quant_table=3, trellis_quant=True, interlace=True),
)
