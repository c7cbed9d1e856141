"""A render child that has rendered thousands of images holds what it held after some hundreds."""

from itertools import cycle, islice
from statistics import median

import pytest

from shared.imaging.frames import Job
from shared.imaging.sandbox import RenderChild
from shared.model.limits import Limits
from shared.model.recipe import Codec, Recipe, Slot, Variant
from tests import images
from tests.imaging.children import rendered, resident_bytes

pytestmark = [pytest.mark.imaging, pytest.mark.timeout(900)]

IMAGES = 2000
KIBIBYTE = 1024
# What is lost for good would be a picture or a file: tens of kilobytes, every time.
MOST_GROWTH = 2 * KIBIBYTE
SIZES = ((61, 47), (160, 120), (33, 90), (240, 160))
QUICK: dict[str, int] = {Codec.AVIF: 0, Codec.WEBP: 0, Codec.JPEG: 0, Codec.PNG: 1, Codec.GIF: 1}
JOB = Job(
    Recipe("soak", (Variant("w48", (Slot.WEBP, Slot.FALLBACK), width=48, effort=QUICK),)),
    Limits(),
)


def sources() -> list[bytes]:
    """Return images of every format in several sizes, a large one and some that are refused."""
    makers = (images.jpeg, images.png, images.webp, images.avif, images.alpha_png)
    small = [make(size) for size in SIZES for make in makers]
    moving = [images.animated_gif((40, 30)), images.animated_webp((64, 48), frames=3)]
    progressive = [images.jpeg(size, progressive=True) for size in SIZES]
    return [*small, *moving, *progressive, images.jpeg((1600, 1200))]


def slope(values: list[int]) -> float:
    """Return the median slope between all pairs of points (Theil and Sen), in steps of one."""
    return median(
        (later - earlier) / (j - i)
        for i, earlier in enumerate(values)
        for j, later in enumerate(values[i + 1 :], i + 1)
    )


def test_two_thousand_images_leave_a_childs_memory_flat(
    child: RenderChild, capsys: pytest.CaptureFixture[str]
) -> None:
    held = []

    for source in islice(cycle(sources()), IMAGES):
        rendered(child, source, JOB)
        held.append(resident_bytes(child.pid))

    # Every tenth: a child's memory goes up and down with each image, and pairs grow as a square.
    growth = slope(held[IMAGES // 2 :: 10]) / 10
    with capsys.disabled():
        print(f"\n{growth / KIBIBYTE:+.2f} KB per image, {held[-1] >> 20} MB at the end")  # noqa: T201 - a figure to watch
    assert growth < MOST_GROWTH
