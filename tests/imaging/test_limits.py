"""An image at the memory limit renders in a child with exactly that memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import pyvips

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.intake.cost_limits import MAX_BANDS, check_cost
from shared.imaging.intake.memory_cost import SOURCE_COPIES
from shared.imaging.intake.probe import ImageHeader, probe
from shared.model.codec import Codec
from shared.model.errors import Cause, Failure
from shared.model.geometry import Size
from shared.model.limits import MAX_SOURCE_SIDE, MEBIBYTE, Limits
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.renditions import plan_renditions
from tests.support import images, images_heic
from tests.support.hand import jpeg, png, tiff, webp

pytestmark = pytest.mark.imaging

TIME_LIMIT_SECONDS = 100.0
FRAMES = 8
STORED_PIXEL_BYTES = {"bmp": 3}  # not compressed, so that the size of the source counts
LIMITS = Limits(max_pixels=1 << 32, memory_bytes=350 * MEBIBYTE)
ROOM_FOR_SOURCE = Limits(max_pixels=1 << 32, memory_bytes=346 * MEBIBYTE)
EFFORT: dict[str, int] = {Codec.AVIF: 0, Codec.WEBP: 0, Codec.JPEG: 0, Codec.PNG: 1, Codec.GIF: 1}
TINY = Recipe("tiny", (Variant("w80", (Slot.WEBP,), width=80, effort=EFFORT),))
STILL = ImageHeader(
    "png", Size(1, 1), 1, 3, 8, has_alpha=False, is_interlaced=False, orientation=1
)


def whole(slot: Slot, **effort: int) -> Recipe:
    """Return a recipe with the image at its own size, so that the encoder costs most."""
    efforts = EFFORT | {Codec(name): value for name, value in effort.items()}
    return Recipe("whole", (Variant("full", (slot,), effort=efforts),), placeholder=False)


def flat(
    save: str, *, bands: int = 3, frames: int = 1, **options: object
) -> Callable[[int], bytes]:
    """Return a function that makes a flat image of a side; alpha is neither 0 nor 255."""

    def make(side: int) -> bytes:
        picture = pyvips.Image.black(side, side * frames, bands=bands).copy(interpretation="srgb")
        if frames > 1:
            picture.set_type(pyvips.GValue.gint_type, "page-height", side)
            picture += pyvips.Image.xyz(side, side * frames)[1] / side
            picture = picture.cast("uchar").copy(interpretation="srgb")
        return bytes(getattr(picture, save)(**options))

    return make


def deep(side: int) -> bytes:
    """Return a transparent PNG of four bands of 16 bits."""
    picture = pyvips.Image.black(side, side, bands=4).cast("ushort")
    return bytes(picture.copy(interpretation="rgb16").pngsave_buffer())


def heic(side: int) -> bytes:
    quick = {"enc_params": {"preset": "ultrafast"}, "quality": 10}
    return images_heic.heic(images.plain((0, 0, 0), size=(side, side)), **quick)


Case = tuple[Callable[[int], bytes], Recipe]
DECODERS: dict[str, Case] = {
    "png": (lambda side: png.png(side, side), TINY),
    "interlaced png": (lambda side: png.png(side, side, interlaced=True), TINY),
    "grey progressive jpeg": (lambda side: jpeg.progressive(side, side), TINY),
    "progressive jpeg": (lambda side: jpeg.progressive(side, side, components=3), TINY),
    "progressive cmyk jpeg": (lambda side: jpeg.progressive(side, side, components=4), TINY),
    "lossless webp": (lambda side: webp.still(side, side), TINY),
    "alpha webp": (flat("webpsave_buffer", bands=4, lossless=True, effort=0), TINY),
    "moving webp": (lambda side: webp.moving(side, side, FRAMES), TINY),
    "avif": (flat("heifsave_buffer", compression="av1", effort=0), TINY),
    "avif of 10 bits": (flat("heifsave_buffer", compression="av1", effort=0, bitdepth=10), TINY),
    "gif": (flat("gifsave_buffer", effort=1), TINY),
    "tiff": (tiff.tiff, TINY),
    "tiled tiff": (lambda side: tiff.tiff(side, tile=256), TINY),
    "alpha png": (flat("pngsave_buffer", bands=4), TINY),
    "alpha png of 16 bits": (deep, TINY),
    "alpha tiff": (flat("tiffsave_buffer", bands=4, compression="deflate"), TINY),
    # All pixels are extreme, so each of them is decoded twice.
    "jpeg of extremes": (flat("jpegsave_buffer", Q=1), TINY),
    "progressive jpeg of extremes": (flat("jpegsave_buffer", Q=1, interlace=True), TINY),
    "bmp": (lambda side: images.saved(images.plain((0, 0, 0), size=(side, side)), "BMP"), TINY),
    "heic": (heic, TINY),
}
ENCODERS: dict[str, Case] = {
    "quick avif": (flat("pngsave_buffer"), whole(Slot.AVIF, avif=2)),
    "slow avif": (flat("pngsave_buffer"), whole(Slot.AVIF, avif=4)),
    "alpha avif": (flat("pngsave_buffer", bands=4), whole(Slot.AVIF, avif=2)),
    "webp": (flat("pngsave_buffer"), whole(Slot.WEBP, webp=4)),
    "alpha webp": (flat("pngsave_buffer", bands=4), whole(Slot.WEBP, webp=4)),
    "jpeg": (flat("pngsave_buffer"), whole(Slot.FALLBACK, jpeg=3)),
    "png": (flat("pngsave_buffer", bands=4), whole(Slot.FALLBACK)),
    "moving webp": (flat("gifsave_buffer", frames=FRAMES), whole(Slot.WEBP, webp=4)),
    "moving gif": (flat("gifsave_buffer", frames=FRAMES), whole(Slot.FALLBACK, gif=1)),
}
CASES = {f"decode {name}": case for name, case in DECODERS.items()} | {
    f"encode {name}": case for name, case in ENCODERS.items()
}


def cause(
    header: ImageHeader, limits: Limits, recipe: Recipe = TINY, *, source_bytes: int = 0
) -> Cause | None:
    beside_bytes = SOURCE_COPIES * source_bytes
    try:
        check_cost(
            header, limits, plan_renditions(recipe, header.upright), beside_bytes=beside_bytes
        )
    except Failure as failure:
        return failure.cause
    return None


def largest_side(header: ImageHeader, recipe: Recipe) -> int:
    """Return the side of the largest accepted square that the encoders can hold."""
    low, high = 1, 16_000
    while high - low > 1:
        middle = (low + high) // 2
        square = replace(header, stored=Size(middle, middle))
        source_bytes = STORED_PIXEL_BYTES.get(header.format, 0) * square.stored.pixels
        fits = not cause(square, ROOM_FOR_SOURCE, recipe, source_bytes=source_bytes)
        low, high = (middle, high) if fits else (low, middle)
    return low


@pytest.fixture(name="bound_child")
def _bound_child() -> Iterator[RenderChild]:
    child = RenderChild(LIMITS.memory_bytes)
    yield child
    child.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("make", "recipe"), CASES.values(), ids=CASES.keys())
def test_the_largest_accepted_image_fits_into_memory(
    bound_child: RenderChild, make: Callable[[int], bytes], recipe: Recipe
) -> None:
    source = make(largest_side(probe(make(64)), recipe))

    replies = list(
        bound_child.render(source, Job(recipe, LIMITS), time_limit_seconds=TIME_LIMIT_SECONDS)
    )

    assert isinstance(replies[-1], DoneFrame)


BOUNDS: dict[str, tuple[ImageHeader, ImageHeader, Limits, Cause]] = {
    "pixels": (
        replace(STILL, stored=Size(100, 100)),
        replace(STILL, stored=Size(10_001, 1)),
        Limits(max_pixels=10_000),
        Cause.TOO_MANY_PIXELS,
    ),
    "pixels of all frames": (
        replace(STILL, format="webp", stored=Size(10, 10), frames=100),
        replace(STILL, format="webp", stored=Size(10, 10), frames=101),
        Limits(max_pixels=10_000),
        Cause.TOO_MANY_PIXELS,
    ),
    "frames": (
        replace(STILL, format="webp", frames=300),
        replace(STILL, format="webp", frames=301),
        Limits(),
        Cause.TOO_MANY_FRAMES,
    ),
    "a side": (
        replace(STILL, stored=Size(1, MAX_SOURCE_SIDE)),
        replace(STILL, stored=Size(1, MAX_SOURCE_SIDE + 1)),
        Limits(),
        Cause.TOO_MANY_PIXELS,
    ),
    "bands": (
        replace(STILL, bands=MAX_BANDS),
        replace(STILL, bands=MAX_BANDS + 1),
        Limits(),
        Cause.TOO_COSTLY,
    ),
}


@pytest.mark.parametrize(("at", "over", "limits", "expected"), BOUNDS.values(), ids=BOUNDS.keys())
def test_an_image_exactly_at_a_limit_is_accepted(
    at: ImageHeader, over: ImageHeader, limits: Limits, expected: Cause
) -> None:
    assert cause(at, limits) is None
    assert cause(over, limits) is expected


def test_the_memory_limit_is_inclusive_and_counts_what_is_held_beside_the_image() -> None:
    renditions = plan_renditions(TINY, STILL.upright)
    fits = next(
        size
        for size in range(1 << 28)
        if not cause(STILL, Limits(memory_bytes=150 * MEBIBYTE + size))
    )
    limits = Limits(memory_bytes=150 * MEBIBYTE + fits)

    with pytest.raises(Failure) as caught:
        check_cost(STILL, limits, renditions, beside_bytes=1)

    assert caught.value.cause is Cause.TOO_COSTLY
