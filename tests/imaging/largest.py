"""The largest sources that default recipe and limits accept, for `docs/settings.md`."""

from dataclasses import replace

from shared.imaging.formats.exif import UPRIGHT
from shared.imaging.intake.memory_cost import memory_cost_bytes
from shared.imaging.intake.probe import ImageHeader
from shared.model.geometry import Size
from shared.model.limits import Limits
from shared.model.renditions import plan_renditions
from tests.bench.recipes import default_recipe

MEGAPIXEL = 1_000_000
OPAQUE = ImageHeader(
    format="jpeg",
    stored=Size(1, 1),
    frames=1,
    bands=3,
    bits=8,
    has_alpha=False,
    is_interlaced=False,
    orientation=UPRIGHT,
)
CLEAR = replace(OPAQUE, bands=4, has_alpha=True)
DEEP = replace(OPAQUE, bits=16)
KINDS: dict[str, tuple[ImageHeader, ...]] = {
    "JPEG": (OPAQUE,),
    "JPEG, progressive": (replace(OPAQUE, is_interlaced=True),),
    "PNG, TIFF": (replace(OPAQUE, format="png"),),
    "PNG, TIFF, with alpha": (replace(CLEAR, format="png"),),
    "PNG, TIFF, with alpha and 16 bits": (replace(CLEAR, format="png", bits=16),),
    "PNG, interlaced": (replace(OPAQUE, format="png", is_interlaced=True),),
    "AVIF; with alpha; over 8 bits": tuple(
        replace(each, format="avif") for each in (OPAQUE, CLEAR, DEEP)
    ),
    "WebP; with alpha": tuple(replace(each, format="webp") for each in (OPAQUE, CLEAR)),
    "GIF; with transparency": tuple(replace(each, format="gif") for each in (OPAQUE, CLEAR)),
    "HEIC; with alpha; over 8 bits": tuple(
        replace(each, format="heic") for each in (OPAQUE, CLEAR, DEEP)
    ),
    "BMP": (replace(OPAQUE, format="bmp"),),
}


def largest_megapixels(kind: ImageHeader) -> int:
    """Return the most whole megapixels, at 3:2, with a memory cost within the default limits."""
    recipe, limits = default_recipe(), Limits()
    for megapixels in range(limits.max_pixels // MEGAPIXEL, 0, -1):
        width = int((megapixels * MEGAPIXEL * 3 / 2) ** 0.5)
        header = replace(kind, stored=Size(width, width * 2 // 3))
        if (
            memory_cost_bytes(header, plan_renditions(recipe, header.upright))
            <= limits.memory_bytes
        ):
            return megapixels
    return 0
