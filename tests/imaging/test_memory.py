"""A render child's memory does not grow over hundreds of images."""

from collections.abc import Callable
from itertools import cycle, islice
from statistics import median

import pytest

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import Job
from shared.model.codec import Codec
from shared.model.errors import Cause, Failure
from shared.model.limits import MAX_FRAMES_READ, Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.imaging.children import rendered, resident_bytes
from tests.support import images, images_heic
from tests.support.hand import gif, png
from tests.support.size import SIZE

pytestmark = [pytest.mark.imaging, pytest.mark.timeout(900)]

KIBIBYTE = 1024
# A leak would be an image or a file: tens of kilobytes, every time. The first few
# hundred images still grow the heap by some kilobytes each, later ones do not.
LONG_RUN = 2_000
MOST_GROWTH = (2 if SIZE.memory_images >= LONG_RUN else 6) * KIBIBYTE
SAMPLES = 200
SIZES = ((61, 47), (120, 90), (33, 90), (180, 120))
QUICK: dict[str, int] = {Codec.AVIF: 0, Codec.WEBP: 0, Codec.JPEG: 0, Codec.PNG: 1, Codec.GIF: 1}
EVERY_CODEC = Recipe(
    "soak",
    (
        Variant("w48", (Slot.WEBP, Slot.FALLBACK), width=48, effort=QUICK),
        Variant("w16", (Slot.AVIF,), width=16, effort=QUICK),
    ),
)
JOB = Job(EVERY_CODEC, Limits(max_frames=3))
MAKERS: tuple[Callable[[images.Size], bytes], ...] = (
    images.jpeg,
    images.png,
    images.webp,
    images.avif,
    images.alpha_png,
    lambda size: images.saved(images.with_alpha(size), "TIFF"),
    lambda size: images.saved(images.detail(size), "BMP"),
)


def sources() -> list[bytes]:
    """Return images of every format, most in several sizes, and a large one."""
    small = [make(size) for size in SIZES for make in MAKERS]
    phones = [images_heic.heic(images.detail(size)) for size in SIZES[:2]]
    moving = [images.animated_gif((40, 30), frames=3), images.animated_webp((64, 48), frames=3)]
    too_long = [images.animated_gif((40, 30), frames=4)]  # over the limit: its first frame
    progressive = [images.jpeg(size, progressive=True) for size in SIZES]
    return [*small, *phones, *moving, *too_long, *progressive, images.jpeg((1600, 1200))]


def refused() -> dict[bytes, Cause]:
    """Return files that fail at each stage, in libvips, Pillow and our own code."""
    heic = images_heic.heic(images.detail(SIZES[0]))
    return {
        b"no image": Cause.NOT_AN_IMAGE,
        images.truncated_jpeg(SIZES[1]): Cause.TRUNCATED,
        images.png(SIZES[1])[:3000]: Cause.TRUNCATED,
        gif.gif(1, 1, frames=MAX_FRAMES_READ + 1): Cause.TOO_MANY_FRAMES,
        heic[: len(heic) // 2]: Cause.TRUNCATED,
        png.png(30_000, 30_000, bits=1, colour=png.GREY): Cause.TOO_MANY_PIXELS,
    }


def outcome(child: RenderChild, source: bytes) -> Cause | None:
    try:
        rendered(child, source, JOB)
    except Failure as failure:
        return failure.cause
    return None


def slope(values: list[int]) -> float:
    """Return the median slope between all pairs of points (Theil and Sen), in steps of one."""
    return median(
        (later - earlier) / (j - i)
        for i, earlier in enumerate(values)
        for j, later in enumerate(values[i + 1 :], i + 1)
    )


def test_a_childs_memory_stays_flat_over_many_images(
    child: RenderChild, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = dict.fromkeys(sources()) | refused()
    held = []

    for source, cause in islice(cycle(expected.items()), SIZE.memory_images):
        assert outcome(child, source) is cause
        held.append(resident_bytes(child.pid))

    # Only a sample of the points, because the number of pairs grows with its square.
    step = len(held) // SAMPLES
    growth = slope(held[len(held) // 2 :: step]) / step
    with capsys.disabled():
        print(f"\n{growth / KIBIBYTE:+.2f} KB per image, {held[-1] >> 20} MB at the end")  # noqa: T201 - a figure to watch
    assert growth < MOST_GROWTH
