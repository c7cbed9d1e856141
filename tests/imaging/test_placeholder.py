from base64 import b64decode
from hashlib import shake_256

import pytest
import pyvips

from shared.imaging import placeholder as placing
from shared.imaging.placeholder import SIDE, placeholder
from shared.imaging.placeholder_form import MAX_URI_BYTES, PREFIX

pytestmark = pytest.mark.imaging

SHAPES = [(16, 16), (1, 16), (16, 3), (640, 480)]


def noise(
    seed: int, size: tuple[int, int], *, stark: bool = False, bands: int = 3
) -> pyvips.Image:
    """Return noise, which compresses worst; only black and white if `stark`."""
    samples = shake_256(bytes((seed, stark))).digest(bands * size[0] * size[1])
    if stark:
        samples = bytes(255 * (sample & 1) for sample in samples)
    image = pyvips.Image.new_from_memory(samples, *size, bands, "uchar")
    return image.copy(interpretation="srgb")


@pytest.mark.parametrize("stark", [False, True], ids=["grey levels", "black and white"])
@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("bands", [3, 4], ids=["opaque", "alpha"])
def test_noise_does_not_make_a_placeholder_over_its_limit(
    size: tuple[int, int], bands: int, *, stark: bool
) -> None:
    found = [placeholder(noise(seed, size, stark=stark, bands=bands), None) for seed in range(20)]

    assert max(len(each.data_uri) for each in found) <= MAX_URI_BYTES


def test_a_placeholder_that_no_quality_makes_small_enough_is_one_pixel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(placing, "MAX_URI_BYTES", 120)
    grey = pyvips.Image.black(SIDE, SIDE, bands=3) + 100
    seen = noise(1, (SIDE, SIDE))

    shown = [
        placeholder(each.cast("uchar").copy(interpretation="srgb"), None) for each in (grey, seen)
    ]

    assert [_size(each.data_uri) for each in shown] == [(SIDE, SIDE), (1, 1)]
    assert max(len(each.data_uri) for each in shown) <= 120


def _size(uri: str) -> tuple[int, int]:
    image = pyvips.Image.new_from_buffer(b64decode(uri.removeprefix(PREFIX)), "")
    return image.width, image.height
