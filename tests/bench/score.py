"""Computes SSIMULACRA2, a perceptual score, of many files against one reference.

It calls the functions of PyPI's `ssimulacra2`, but computes the reference's half once instead of
for every file. 90 is hard to tell from the reference, 70 is good, 50 is mediocre
(https://github.com/cloudinary/ssimulacra2).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvips
from ssimulacra2 import ssimulacra2 as metric

# The metric has weights for six scales. It leaves out scales under 8 pixels, which shifts the
# weights, so smaller pictures are padded with their mirror image.
MIN_SIDE = 256
Pixels = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Scale:
    """The reference's half of the metric at one scale."""

    image: Pixels
    mean: Pixels
    square: Pixels


class Reference:
    """A lossless picture that files are compared with, in sRGB."""

    def __init__(self, image: pyvips.Image) -> None:
        self.scales = tuple(
            Scale(each, metric.blur_image(each), metric.blur_image(each * each))
            for each in _scales(image)
        )
        self.size = image.width, image.height

    def score(self, image: pyvips.Image) -> float:
        """Return the score of a picture of the same size; 100 is identical."""
        assert (image.width, image.height) == self.size
        compared = metric.Msssim()
        for own, each in zip(self.scales, _scales(image), strict=True):
            mean = metric.blur_image(each)
            scale = metric.MsssimScale()
            scale.avg_ssim = metric.ssim_map(
                own.mean,
                mean,
                own.square,
                metric.blur_image(each * each),
                metric.blur_image(own.image * each),
            )
            scale.avg_edgediff = metric.edge_diff_map(own.image, own.mean, each, mean)
            compared.scales.append(scale)
        return float(compared.score())

    def score_of(self, data: bytes) -> float:
        """Return the score of an encoded file."""
        return self.score(pyvips.Image.new_from_buffer(data, ""))


def _scales(image: pyvips.Image) -> list[Pixels]:
    linear = metric.srgb_to_linear(_pixels(image))
    found = []
    for _ in range(metric.kNumScales):
        found.append(metric.make_positive_xyb(metric.linear_rgb_to_xyb(linear)))
        linear = metric.downsample(linear, 2, 2)
    return found


def _pixels(image: pyvips.Image) -> Pixels:
    """Return three bands, padded to the size that the metric's scales need."""
    pixels = image.colourspace("srgb").extract_band(0, n=3).numpy()
    missing = [max(0, MIN_SIDE - side) for side in pixels.shape[:2]]
    around = [(0, missing[0]), (0, missing[1]), (0, 0)]
    return np.pad(pixels, around, mode="symmetric")
