"""Finds out what an image shows, a drawing or a photograph, from a small part of its pixels.

A drawing has flat areas: neighbouring pixels are equal. A lossless encoder makes small files of
them, but some flat areas are fades, such as skies, which it does not. So a few strips of an image
are encoded twice, as PNG and as JPEG. Of 90 rungs of photographs and fades, the PNG was 5 to 45
times as large; of 25 rungs for which a lossless file of all pixels was the smallest, at most 4.1
times. docs/recipes.md has the measurements. Patterns and dithered pictures have few equal
neighbours, but few colours, and a PNG that is hardly larger than the JPEG. Tiles may have many
colours, but the same runs of pixels occur again and again.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import pyvips

from shared.imaging.resize import frame_count

# About so many pixels are compared with their right neighbours. An odd step does not fall into
# step with patterns of 8 or 16 pixels.
SAMPLES = 1_500
# The share of equal neighbours from which on an image may be a drawing, or a graphic with noise.
DRAWN_FLAT_SHARE, GRAPHIC_FLAT_SHARE = 0.4, 0.08
# Lines of 16 pixels are whole blocks of JPEG. Encoding whole lines of large images would take a
# tenth of the time of their WebP and JPEG together.
STRIPS, STRIP_LINES, MAX_STRIPS = 8, 16, 32
STRIP_WIDTH = 640
SAMPLE_QUALITY = 76
DRAWN_RATIO, GRAPHIC_RATIO = 4.5, 12.0
# Up to this ratio, flat areas do not matter; noise as strong as the picture has 3. Photographs
# have over 400 colours in a sample, and need not be encoded for it.
PATTERN_RATIO = 2.0
PATTERN_COLOURS = 256
# Tiles are found by runs of so many pixels that occur more than once. Tiled pictures have 0.3 to
# 1.0 of them, photographs up to 0.17, and noise has none.
RUN_PIXELS, REPEATED_SHARE = 8, 0.3
# From this ratio on, a picture is a photograph or a fade at each smaller size, too: measured there
# were 16 to 44 at 1,920 pixels.
PHOTOGRAPH_RATIO = 15.0
# Colours differ if the difference of red or blue is this many levels from that of green.
COLOUR_LEVELS = 48


# A sampled pixel, and its right neighbour.
Pair = tuple[bytes, bytes]


@dataclass(frozen=True)
class Content:
    """What an image or a strip of frames shows; each answer is computed when it is needed.

    `is_photograph` says that it is known to be neither drawn nor graphic.
    """

    image: pyvips.Image
    is_photograph: bool = False

    @cached_property
    def stays_photograph(self) -> bool:
        """Return whether the picture is known to be a photograph at each smaller size, too."""
        return self.is_photograph or self._png_over_jpeg >= PHOTOGRAPH_RATIO

    @cached_property
    def is_drawn(self) -> bool:
        """Return whether a lossless file may be the smallest."""
        if self.is_photograph:
            return False
        if self._flat_share >= DRAWN_FLAT_SHARE:
            return self._png_over_jpeg <= DRAWN_RATIO
        if self._colours <= PATTERN_COLOURS and self._png_over_jpeg <= PATTERN_RATIO:
            return True
        return self._png_over_jpeg <= GRAPHIC_RATIO and self._repeated_share >= REPEATED_SHARE

    @cached_property
    def is_graphic(self) -> bool:
        """Return whether the image consists of hard edges: drawings, text, scanned pages."""
        may_be = not self.is_photograph and self._flat_share >= GRAPHIC_FLAT_SHARE
        return may_be and self._png_over_jpeg <= GRAPHIC_RATIO

    @cached_property
    def bits_per_pixel(self) -> float:
        """Return how detailed the image is: the size of its strips as a JPEG."""
        return float(8 * self._jpeg_bytes / (self._strips.width * self._strips.height))

    @cached_property
    def coloured_edges(self) -> float:
        """Return the share of neighbours whose colours differ, not only their brightness.

        Encoders that halve colour blur such edges, up to text that cannot be read.
        """
        return sum(map(_differs_in_colour, self._pairs)) / len(self._pairs)

    @cached_property
    def _flat_share(self) -> float:
        """Return the share of sampled pixels that are equal to their right neighbour."""
        return sum(pixel == neighbour for pixel, neighbour in self._pairs) / len(self._pairs)

    @cached_property
    def _repeated_share(self) -> float:
        """Return the share of runs of pixels in a line of each strip that occur more than once."""
        lines = self._strips.subsample(1, min(STRIP_LINES, self._strips.height))
        pixels, size = lines.write_to_memory(), lines.bands
        width, length = lines.width * size, RUN_PIXELS * size
        runs = Counter(
            pixels[at : at + length]
            for left in range(0, len(pixels), width)
            for at in range(left, left + width - length + 1, size)
        )
        repeated = sum(count for count in runs.values() if count > 1)
        return repeated / max(1, runs.total())

    @cached_property
    def _colours(self) -> int:
        """Return how many colours the sampled pixels have."""
        return len({pixel for pixel, _ in self._pairs})

    @cached_property
    def _pairs(self) -> tuple[Pair, ...]:
        """Return the sampled pixels with their right neighbours."""
        width, height = max(1, self.image.width - 1), self.image.height
        step = int((width * height / SAMPLES) ** 0.5) // 2 * 2 + 1
        across, down = min(step, width), min(step, height)
        size = self.image.bands
        pixels, neighbours = (
            self.image.crop(left, 0, width, height).subsample(across, down).write_to_memory()
            for left in (0, self.image.width - width)
        )
        return tuple(
            (pixels[at : at + size], neighbours[at : at + size])
            for at in range(0, len(pixels), size)
        )

    @cached_property
    def _png_over_jpeg(self) -> float:
        png = self._strips.pngsave_buffer(compression=1, filter="none", keep="none")
        return len(png) / self._jpeg_bytes

    @cached_property
    def _jpeg_bytes(self) -> int:
        return len(self._strips.jpegsave_buffer(Q=SAMPLE_QUALITY, quant_table=3, keep="none"))

    @cached_property
    def _strips(self) -> pyvips.Image:
        """Return strips at equal distances, in memory; a low image with all its lines."""
        width, height = min(self.image.width, STRIP_WIDTH), self.image.height
        count = min(STRIPS * frame_count(self.image), MAX_STRIPS, height // (2 * STRIP_LINES))
        if count <= STRIPS // 2:
            return self.image.crop((self.image.width - width) // 2, 0, width, height)
        return pyvips.Image.arrayjoin(
            [
                # From the left border of the image to its right one.
                self.image.crop(
                    (self.image.width - width) * at // (count - 1),
                    height * (2 * at + 1) // (2 * count) - STRIP_LINES // 2,
                    width,
                    STRIP_LINES,
                )
                for at in range(count)
            ],
            across=1,
        ).copy_memory()


def _differs_in_colour(pair: Pair) -> bool:
    pixel, neighbour = pair
    if pixel == neighbour:
        return False
    red, green, blue = (pixel[band] - neighbour[band] for band in range(3))
    return abs(red - green) > COLOUR_LEVELS or abs(blue - green) > COLOUR_LEVELS
