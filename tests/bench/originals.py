"""Makes the reference for a rung: the full source, resized in floating point.

It uses Pillow's Lanczos filter, which neither the engine nor sharp uses, without shrink-on-load,
without intermediate steps, and without rounding or clipping before the end.
"""

from functools import cached_property

import numpy as np
import pyvips
from PIL import Image

from shared.model.geometry import Size
from tests.bench.score import Reference

WHITE = [255, 255, 255]
# The metric takes seconds for a full rung of 1920 pixels, and the mean is nearly the same.
WINDOW = Size(960, 640)


class Original:
    """One source, decoded at full size, upright and in sRGB; `window` is what is scored of it."""

    def __init__(self, data: bytes, window: Size = WINDOW) -> None:
        self._data = data
        self._window = window
        self._references: dict[Size, Reference] = {}

    @cached_property
    def pixels(self) -> pyvips.Image:
        """Return all pixels, 8 bits, opaque."""
        image = pyvips.Image.new_from_buffer(self._data, "")
        if "icc-profile-data" in image.get_fields():
            image = image.icc_transform("srgb")
        image = image.autorot().colourspace("srgb").cast("uchar")
        flat = image.flatten(background=WHITE) if image.hasalpha() else image
        return flat.copy_memory()

    def reference(self, size: Size) -> Reference:
        """Return the reference for files of a size."""
        if size not in self._references:
            self._references[size] = Reference(middle(self.shrunk(size), self._window))
        return self._references[size]

    def shrunk(self, size: Size) -> pyvips.Image:
        """Return the picture at a size, resized in floating point."""
        full = self.pixels.numpy().astype(np.float32)
        bands = [
            np.asarray(
                Image.fromarray(full[:, :, band]).resize(
                    (size.width, size.height), Image.Resampling.LANCZOS
                )
            )
            for band in range(3)
        ]
        small = np.clip(np.rint(np.stack(bands, axis=2)), 0, 255).astype(np.uint8)
        return pyvips.Image.new_from_array(small).copy(interpretation="srgb")

    def in_one_step(self, size: Size) -> pyvips.Image:
        """Return the picture at a size by one call of libvips."""
        return self.pixels.thumbnail_image(size.width, height=size.height, size="force")

    def score(self, image: pyvips.Image) -> float:
        """Return the score of a rung; only the middle of a large one is compared."""
        return self.reference(Size(image.width, image.height)).score(middle(image, self._window))


def middle(image: pyvips.Image, window: Size = WINDOW) -> pyvips.Image:
    """Return the part of a picture that is scored."""
    width, height = min(image.width, window.width), min(image.height, window.height)
    return image.crop((image.width - width) // 2, (image.height - height) // 2, width, height)
