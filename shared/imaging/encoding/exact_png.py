"""Makes small PNG files without losing a bit of the pixels.

Few colours become a palette of 1, 2, 4 or 8 bits a pixel, and equal bands become grey. libvips'
own palettes are made for photographs and change colours, so palettes are made here: a PNG of
indices differs from a grey PNG of the same numbers only in its header and its palette
(https://www.w3.org/TR/png-3/, sections 11.2.1 to 11.3.1).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import pyvips

from shared.imaging.formats.png_parts import PngParts

OPAQUE, MAX_COLOURS = 255, 256
GREY, GREY_WITH_ALPHA, RGB, RGBA = 1, 2, 3, 4  # bands
BIT_DEPTHS = (1, 2, 4, 8)
# Colour type 3, PNG, table 8, at this place of IHDR's data.
INDEXED, COLOUR_TYPE_AT = 3, 9
# libvips writes a resolution, which browsers do not read.
UNWANTED = frozenset({b"pHYs"})
# Pixels are looked at in parts: most images have too many colours in their first lines.
PART_PIXELS = 1 << 16
# Lookup tables of libvips have at most this many entries.
TABLE_SIZE = 1 << 16
# So a colour's sum of weighted bands stays below it. A third of all weights give each of 256
# colours another sum.
WEIGHTS_SUM, MAX_TRIES = TABLE_SIZE // OPAQUE, 50


@dataclass(frozen=True, slots=True)
class Palette:
    """The distinct colours of an image, as pixels of its bands: transparent ones first."""

    colours: tuple[bytes, ...]

    @classmethod
    def of(cls, image: pyvips.Image) -> "Palette | None":
        """Return the palette of an image of one to four bands; `None` for over 256 colours."""
        bands, found = image.bands, set[bytes]()
        lines = max(1, PART_PIXELS // image.width)
        for top in range(0, image.height, lines):
            part = image.crop(0, top, image.width, min(lines, image.height - top))
            found |= _distinct(part)
            if len(found) > MAX_COLOURS:
                return None
        colours = (colour[:bands] for colour in found)
        return cls(tuple(sorted(colours, key=lambda each: (_alpha(each) == OPAQUE, each))))

    @property
    def bit_depth(self) -> int:
        """Return the fewest bits that hold every index."""
        return next(bits for bits in BIT_DEPTHS if len(self.colours) <= 1 << bits)

    @property
    def step(self) -> int:
        """Return the distance of the levels in a grey PNG of this depth."""
        return OPAQUE // ((1 << self.bit_depth) - 1)

    @property
    def is_grey_scale(self) -> bool:
        """Return whether a grey PNG of this depth has exactly these levels, without a palette."""
        return all(len(each) == GREY and each[0] % self.step == 0 for each in self.colours)

    @property
    def chunks(self) -> Sequence[tuple[bytes, bytes]]:
        """Return PLTE and, if a colour is transparent, tRNS."""
        rgb = b"".join(each[:RGB] if len(each) >= RGB else each[:1] * RGB for each in self.colours)
        alphas = bytes(alpha for each in self.colours if (alpha := _alpha(each)) != OPAQUE)
        return [(b"PLTE", rgb), *([(b"tRNS", alphas)] if alphas else [])]

    def indices(self, image: pyvips.Image) -> pyvips.Image | None:
        """Return the index of each pixel; `None` if no lookup table tells the colours apart."""
        for weights in _weights(image.bands):
            places = {
                sum(level * weight for level, weight in zip(colour, weights, strict=True)): index
                for index, colour in enumerate(self.colours)
            }
            if len(places) == len(self.colours):
                table = bytes(places.get(at, 0) for at in range(TABLE_SIZE))
                lookup = pyvips.Image.new_from_memory(table, TABLE_SIZE, 1, 1, "uchar")
                return image.recomb([weights]).cast("ushort").maplut(lookup)
        return None


def exact_png(image: pyvips.Image, *, compression: int, is_drawn: bool, keep: str) -> bytes:
    """Return a PNG of an sRGB image of three or four bands; `compression` is zlib's level.

    Without filters, files of drawings are often smaller, so `is_drawn` tries that, too. `keep` is
    what libvips keeps of the metadata.
    """
    image = _without_equal_bands(image)
    options = {"compression": compression, "keep": keep}
    files = [compacted(image.pngsave_buffer(filter="all", **options))]
    palette = Palette.of(image)
    if palette and (palette.bit_depth < BIT_DEPTHS[-1] or image.bands > GREY):
        files += _with_palette(image, palette, options)
    elif is_drawn:
        files.append(compacted(image.pngsave_buffer(filter="none", **options)))
    return min(files, key=len)


def compacted(png: bytes) -> bytes:
    """Return a PNG without its resolution, and with its pixels in one chunk."""
    return PngParts.of(png, without=UNWANTED).written()


def _with_palette(
    image: pyvips.Image, palette: Palette, options: dict[str, object]
) -> Iterator[bytes]:
    depth = palette.bit_depth
    plain = {"filter": "none", "bitdepth": depth, **options}
    if palette.is_grey_scale:
        yield compacted(image.pngsave_buffer(**plain))
        return
    indices = palette.indices(image)
    if indices is None:
        return
    # Spread over the grey levels, as libvips expects samples of few bits.
    samples = (indices * palette.step).cast("uchar").copy(interpretation="b-w")
    parts = PngParts.of(samples.pngsave_buffer(**plain), without=UNWANTED)
    header = bytearray(parts.header)
    header[COLOUR_TYPE_AT] = INDEXED
    others = (*palette.chunks, *parts.others)
    yield replace(parts, header=bytes(header), others=others).written()


def _without_equal_bands(image: pyvips.Image) -> pyvips.Image:
    """Return a grey image, with its alpha, if red, green and blue are equal everywhere."""
    first = image[0]
    if image.bands < RGB or not ((first == image[1]) & (first == image[2])).min():
        return image
    grey = first.bandjoin(image[RGB]) if image.bands == RGBA else first
    return grey.copy(interpretation="b-w")


def _distinct(part: pyvips.Image) -> set[bytes]:
    """Return the distinct pixels of a few lines, each as the bytes of its bands, padded to 4."""
    missing = RGBA - part.bands
    four = part.bandjoin([0] * missing) if missing else part
    pixels = memoryview(four.cast("uchar").write_to_memory()).cast("I")
    return {struct.pack("=I", pixel) for pixel in set(pixels)}


def _alpha(colour: bytes) -> int:
    return colour[-1] if len(colour) in {GREY_WITH_ALPHA, RGBA} else OPAQUE


def _weights(bands: int) -> Iterator[list[int]]:
    """Yield weights for the bands of an image, which all are positive and have a bounded sum."""
    if bands <= GREY_WITH_ALPHA:
        yield [1, OPAQUE + 1][:bands]
        return
    draw = Random(bands)  # noqa: S311 - the weights do not change the file
    for _ in range(MAX_TRIES):
        cuts = sorted(draw.sample(range(1, WEIGHTS_SUM), bands - 1))
        yield [end - start for start, end in zip([0, *cuts], [*cuts, WEIGHTS_SUM], strict=True)]
