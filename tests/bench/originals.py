"""What a rung should look like: the whole source made small in floating point, by neither side.

Pillow's Lanczos filter takes every pixel of the source at once: no decoder's shortcut, no steps,
no rounding or clipping in between. It belongs neither to the engine nor to its rival.
"""

from functools import cached_property

import numpy as np
import pyvips
from PIL import Image

from shared.model.geometry import Size
from tests.bench.score import Reference

WHITE = [255, 255, 255]


class Original:
    """One source, decoded whole, upright and in sRGB."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._references: dict[Size, Reference] = {}

    @cached_property
    def whole(self) -> pyvips.Image:
        """Return every pixel, 8 bits, opaque."""
        image = pyvips.Image.new_from_buffer(self._data, "")
        if "icc-profile-data" in image.get_fields():
            image = image.icc_transform("srgb")
        image = image.autorot().colourspace("srgb").cast("uchar")
        flat = image.flatten(background=WHITE) if image.hasalpha() else image
        return flat.copy_memory()

    def reference(self, size: Size) -> Reference:
        """Return what files of a size are compared with."""
        if size not in self._references:
            self._references[size] = Reference(middle(self.shrunk(size)))
        return self._references[size]

    def shrunk(self, size: Size) -> pyvips.Image:
        """Return the picture at a size, made with the greatest care."""
        pixels = self.whole.numpy().astype(np.float32)
        bands = [
            np.asarray(
                Image.fromarray(pixels[:, :, band]).resize(
                    (size.width, size.height), Image.Resampling.LANCZOS
                )
            )
            for band in range(3)
        ]
        whole = np.clip(np.rint(np.stack(bands, axis=2)), 0, 255).astype(np.uint8)
        return pyvips.Image.new_from_array(whole).copy(interpretation="srgb")

    def in_one_step(self, size: Size) -> pyvips.Image:
        """Return the picture at a size by one call of libvips."""
        return self.whole.thumbnail_image(size.width, height=size.height, size="force")

    def score(self, image: pyvips.Image) -> float:
        """Return how near a rung comes; of a wide one only the middle is looked at."""
        return self.reference(Size(image.width, image.height)).score(middle(image))


# The metric takes seconds on a whole rung of 1920 pixels, for hardly another mean.
WINDOW = Size(960, 640)


def middle(image: pyvips.Image) -> pyvips.Image:
    """Return the part of a picture that is scored."""
    width, height = min(image.width, WINDOW.width), min(image.height, WINDOW.height)
    return image.crop((image.width - width) // 2, (image.height - height) // 2, width, height)
