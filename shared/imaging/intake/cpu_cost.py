"""Estimates the CPU time of an encoder from the size of a picture and the effort alone.

What is made at upload is measured. A lazy file is not made then, and one of a high effort may take
a hundred times as long as all others of its source.
"""

from math import inf

from shared.model.codec import Codec
from shared.model.quality_and_effort import avif_effort
from shared.model.recipe import Slot
from shared.model.renditions import Rendition

MEGAPIXEL = 1_000_000
# CPU seconds for each megapixel of noise, by effort: no photograph takes longer. Measured on one
# thread of a busy machine.
AVIF_SECONDS = (0.14, 0.33, 0.85, 1.8, 10.0, 15.0, 24.0, 50.0, 80.0, 112.0)
WEBP_SECONDS = (0.08, 0.1, 0.11, 0.15, 0.19, 0.23, 0.58)
# An AVIF without an effort of its own gets less if it has this many bits a pixel, as noise has.
NOISE = inf


def encoding_seconds(rendition: Rendition, slot: Slot) -> float:
    """Return about the most CPU seconds that the encoder of a still picture's slot takes.

    0 for the fallback, whose encoders take less time than the decode.
    """
    pixels = rendition.fitted.canvas.pixels
    match rendition.encoded_as(slot):
        case Slot.AVIF:
            default = avif_effort(pixels, NOISE, is_graphic=False)
            seconds = AVIF_SECONDS[rendition.effort.get(Codec.AVIF, default)]
        case Slot.WEBP:
            seconds = WEBP_SECONDS[rendition.effort[Codec.WEBP]]
        case _:
            seconds = 0.0
    return seconds * pixels / MEGAPIXEL
