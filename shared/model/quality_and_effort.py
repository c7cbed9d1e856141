"""The quality and effort of each codec: the defaults, and what a recipe may set."""

from collections.abc import Mapping

from shared.model.codec import Codec

# Chosen so that the three codecs look alike; docs/recipes.md has the measurements.
DEFAULT_QUALITY: Mapping[str, int] = {Codec.AVIF: 60, Codec.WEBP: 82, Codec.JPEG: 76}
# The CPU that an encoder spends, from 0 (fast) to 9 for AVIF, 6 for WebP, 9 for PNG, 10 for GIF.
# For JPEG, 0 is baseline, 1 optimises the Huffman tables, 2 adds progressive scans, 3 adds
# mozjpeg's trellis quantisation. AVIF's and PNG's follow from the content.
DEFAULT_EFFORT: Mapping[str, int] = {Codec.WEBP: 2, Codec.JPEG: 1, Codec.GIF: 4}
# A second of CPU saves most bytes on small images, which are also requested most often.
SMALL_PIXELS, LARGE_PIXELS = 320_000, 1_400_000
SMALL_EFFORT: Mapping[str, int] = {**DEFAULT_EFFORT, Codec.WEBP: 4}
# Up to this many bits a pixel of a plain JPEG, an image is smooth; small images have more.
SMOOTH_BITS, SMALL_SMOOTH_BITS = 0.45, 1.0
# By size: up to SMALL_PIXELS, up to LARGE_PIXELS, larger.
SMOOTH_AVIF, DETAILED_AVIF = (3, 1, 1), (1, 0, 0)
DRAWN_PNG, OTHER_PNG = 9, 6


# The highest effort of each encoder; AVIF's and WebP's as libvips documents them.
MAX_EFFORT = {Codec.AVIF: 9, Codec.WEBP: 6, Codec.JPEG: 3, Codec.PNG: 9, Codec.GIF: 10}
MIN_EFFORT = {Codec.GIF: 1}
BOUNDS = {
    # PNG and GIF have an effort and no quality.
    "quality": dict.fromkeys((Codec.AVIF, Codec.WEBP, Codec.JPEG), (1, 100)),
    "effort": {codec: (MIN_EFFORT.get(codec, 0), MAX_EFFORT[codec]) for codec in Codec},
}


def default_effort(pixels: int) -> Mapping[str, int]:
    """Return the effort by codec for an image with this many pixels in all its frames.

    Without AVIF and PNG, whose effort depends on the content, too.
    """
    return SMALL_EFFORT if pixels <= SMALL_PIXELS else DEFAULT_EFFORT


def avif_effort(pixels: int, bits_per_pixel: float, *, is_graphic: bool) -> int:
    """Return AVIF's effort: more for smooth images and graphics, whose files it shrinks most.

    `bits_per_pixel` is the size of a plain JPEG of the image; graphics are drawings, text and
    scanned pages.
    """
    size = (pixels > SMALL_PIXELS) + (pixels > LARGE_PIXELS)
    smooth = SMOOTH_BITS if size else SMALL_SMOOTH_BITS
    return (SMOOTH_AVIF if is_graphic or bits_per_pixel <= smooth else DETAILED_AVIF)[size]


def highest_avif_effort(pixels: int) -> int:
    """Return the highest effort that `avif_effort` chooses for an image of this size."""
    return avif_effort(pixels, 0.0, is_graphic=True)


def png_effort(*, is_drawn: bool) -> int:
    """Return PNG's effort: it saves a tenth to a third of a drawing's bytes, 3 % of others'."""
    return DRAWN_PNG if is_drawn else OTHER_PNG
