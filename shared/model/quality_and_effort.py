"""The quality and effort of each codec: the defaults, and what a recipe may set."""

from collections.abc import Mapping

from shared.model.codec import Codec

# Chosen so that the three codecs look alike; docs/recipes.md has the measurements.
DEFAULT_QUALITY: Mapping[str, int] = {Codec.AVIF: 60, Codec.WEBP: 82, Codec.JPEG: 76}
# The CPU that an encoder spends, from 0 (fast) to 9 for AVIF, 6 for WebP, 9 for PNG, 10 for GIF.
# For JPEG, 0 is baseline, 1 optimises the Huffman tables, 2 adds progressive scans, 3 adds
# mozjpeg's trellis quantisation.
DEFAULT_EFFORT: Mapping[str, int] = {
    Codec.AVIF: 1,
    Codec.WEBP: 2,
    Codec.JPEG: 1,
    Codec.PNG: 6,
    Codec.GIF: 4,
}
# A second of CPU saves most bytes on small images, which are also requested most often.
SMALL_PIXELS, LARGE_PIXELS = 320_000, 1_400_000
SMALL_EFFORT: Mapping[str, int] = {**DEFAULT_EFFORT, Codec.WEBP: 4}
LARGE_EFFORT: Mapping[str, int] = {**DEFAULT_EFFORT, Codec.AVIF: 0}


# The highest effort of each encoder; AVIF's and WebP's as libvips documents them.
MAX_EFFORT = {Codec.AVIF: 9, Codec.WEBP: 6, Codec.JPEG: 3, Codec.PNG: 9, Codec.GIF: 10}
MIN_EFFORT = {Codec.GIF: 1}
BOUNDS = {
    # PNG and GIF have an effort and no quality.
    "quality": dict.fromkeys((Codec.AVIF, Codec.WEBP, Codec.JPEG), (1, 100)),
    "effort": {codec: (MIN_EFFORT.get(codec, 0), MAX_EFFORT[codec]) for codec in Codec},
}


def default_effort(pixels: int) -> Mapping[str, int]:
    """Return the effort by codec for an image with this many pixels in all its frames."""
    if pixels <= SMALL_PIXELS:
        return SMALL_EFFORT
    return LARGE_EFFORT if pixels > LARGE_PIXELS else DEFAULT_EFFORT
