"""An image at the memory limit renders in a child with exactly that memory."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
import pyvips
from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.encoding.content import Content
from shared.imaging.formats.gif import read_layout
from shared.imaging.intake.cost_limits import MAX_BANDS
from shared.imaging.intake.memory_cost import SOURCE_COPIES, memory_cost_bytes
from shared.imaging.intake.probe import ImageHeader, probe
from shared.imaging.intake.render_plan import RenderPlan, plan_render
from shared.model.codec import MAX_SIDE, Codec
from shared.model.errors import Cause, Failure
from shared.model.geometry import Size
from shared.model.limits import MAX_SOURCE_SIDE, MEBIBYTE, Limits
from shared.model.recipe import Animation, Recipe, Slot, Variant
from shared.model.reductions import Still
from tests.support import images, images_heic
from tests.support.hand import apng, gif, jpeg, png, tiff, webp
from tests.support.size import SIZE

pytestmark = pytest.mark.imaging

TIME_LIMIT_SECONDS = 100.0
FRAMES, MANY = 8, 40
SQUARE = 8
LEVELS = 256
# The bytes of a source's pixels are measured with this side. Whatever is of a constant size, such
# as a header, is in the rest.
SAMPLE_SIDE = 256
REST_BYTES = 2 * MEBIBYTE
MEMORY_BYTES = SIZE.limit_megabytes * MEBIBYTE
# The default allows as many for each megabyte. Formats that are decoded line by line come to it.
MAX_PIXELS = SIZE.limit_megabytes * 100_000
LIMITS = Limits(max_pixels=MAX_PIXELS, memory_bytes=MEMORY_BYTES)
ROOM_FOR_REST = Limits(max_pixels=MAX_PIXELS, memory_bytes=MEMORY_BYTES - REST_BYTES)
EFFORT: dict[str, int] = {Codec.AVIF: 0, Codec.WEBP: 0, Codec.JPEG: 0, Codec.PNG: 1, Codec.GIF: 1}
TINY = Recipe("tiny", (Variant("w80", (Slot.WEBP,), width=80, effort=EFFORT),))
STILL = ImageHeader(
    "png", Size(1, 1), 1, 3, 8, has_alpha=False, is_interlaced=False, orientation=1
)


def whole(slot: Slot, **effort: int) -> Recipe:
    """Return a recipe with the image at its own size, so that the encoder costs most."""
    efforts = EFFORT | {Codec(name): value for name, value in effort.items()}
    return Recipe("whole", (Variant("full", (slot,), effort=efforts),), placeholder=False)


Make = Callable[[int], bytes]


def shaded(
    save: str,
    *,
    bands: int = 3,
    frames: int = 1,
    bits: int = 8,
    space: str = "",
    **options: object,
) -> Make:
    """Return a function that makes a picture of a side; alpha and frames change everywhere."""

    def make(side: int) -> bytes:
        place = pyvips.Image.xyz(side, side * frames)
        shade = (place[0] + place[1] + (place[1] / side).floor() * 7) % LEVELS
        picture = shade.bandjoin([shade] * (bands - 1)) if bands > 1 else shade
        kind = "uchar" if bits == 8 else "ushort"
        picture = (picture * (1 if bits == 8 else LEVELS + 1)).cast(kind)
        colours = {8: ("b-w", "srgb"), 16: ("grey16", "rgb16")}[bits][bands > 2]
        picture = picture.copy(interpretation=space or colours)
        if frames > 1:
            picture.set_type(pyvips.GValue.gint_type, "page-height", side)
        return bytes(getattr(picture, save)(**options))

    return make


def moving_png(*, frames: int = FRAMES, skips: bool = False, **options: Any) -> Make:  # noqa: ANN401 - those of `shaded`
    """Return a function that makes an animated PNG of a side, with different frames.

    With `skips`, the first of them is a default image that is no frame.
    """

    def make(side: int) -> bytes:
        strip = pyvips.Image.new_from_buffer(
            shaded("pngsave_buffer", frames=frames, compression=1, **options)(side), ""
        )
        interlace = options.get("interlace", False)
        files = [
            bytes(strip.crop(0, at * side, side, side).pngsave_buffer(interlace=interlace))
            for at in range(frames)
        ]
        return apng.of_pngs(files, blend=apng.OVER, skips=skips)

    return make


def cleared_gif(frames: int) -> Make:
    """Return a function that makes a GIF of equal frames, each of which is cleared.

    libvips does not compose them as browsers do.
    """

    def make(side: int) -> bytes:
        data = shaded("gifsave_buffer", effort=1)(side)
        layout = read_layout(data)
        assert layout is not None
        (frame,) = layout.frames
        control = b"\x21\xf9\x04" + bytes([gif.CLEAR << 2, 10, 0, 0, 0])
        block = control + data[frame.start : frame.end + 1]
        return data[: layout.palette_end] + block * frames + b";"

    return make


def drawn(save: str, *, bands: int = 3, frames: int = 1, **options: object) -> Make:
    """Return a function that makes a picture of squares of one colour; each frame has others."""

    def make(side: int) -> bytes:
        size = -(-side // SQUARE), -(-side * frames // SQUARE)
        levels = [pyvips.Image.gaussnoise(*size, seed=at) > LEVELS // 2 for at in range(bands)]
        squares = levels[0].bandjoin(levels[1:]).zoom(SQUARE, SQUARE)
        picture = squares.crop(0, 0, side, side * frames).copy(interpretation="srgb")
        if frames > 1:
            picture = picture.copy()
            picture.set_type(pyvips.GValue.gint_type, "page-height", side)
        return bytes(getattr(picture, save)(**options))

    return make


def one_bit(side: int) -> bytes:
    """Return a scanned page."""
    page = pyvips.Image.xyz(side, side)[0] % 64 > 9
    return bytes(page.tiffsave_buffer(bitdepth=1, compression="ccittfax4"))


def floating(side: int) -> bytes:
    picture = (pyvips.Image.xyz(side, side)[0] % LEVELS / LEVELS).cast("float")
    linear = picture.bandjoin([picture, picture]).copy(interpretation="scrgb")
    return bytes(linear.tiffsave_buffer(compression="deflate"))


def heic(*, deep: bool = False, mode: str = "RGB", chroma: str = "420") -> Make:
    quick = {"enc_params": {"preset": "ultrafast"}, "quality": 10, "chroma": chroma}

    def make(side: int) -> bytes:
        if deep:
            return images_heic.deep_heic((9,) * len(mode), (side, side), **quick)
        picture = images.plain((0, 0, 0), size=(side, side)).convert(mode)
        return images_heic.heic(picture, **quick)

    return make


def bmp(mode: str) -> Make:
    return lambda side: images.saved(Image.new(mode, (side, side)), "BMP")


def sequence(side: int) -> bytes:
    """Return an AVIF of two frames, of which the first is rendered."""
    frames = [images.plain(shade, "L", size=(side, side)).convert("RGB") for shade in (9, 99)]
    return images.saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)


avif = partial(shaded, "heifsave_buffer", compression="av1", effort=0)
fine_avif = partial(avif, subsample_mode="off")
DEFLATE = "deflate"
SOURCES: dict[str, Make] = {
    "jpeg": shaded("jpegsave_buffer"),
    "jpeg of extremes": lambda side: jpeg.flat(side, side, components=3),
    "grey progressive jpeg": lambda side: jpeg.progressive(side, side),
    "progressive jpeg": lambda side: jpeg.progressive(side, side, components=3),
    "progressive cmyk jpeg": lambda side: jpeg.progressive(side, side, components=4),
    "progressive jpeg of shades": shaded("jpegsave_buffer", interlace=True),
    "png": lambda side: png.png(side, side),
    "grey png": shaded("pngsave_buffer", bands=1),
    "png of 16 bits": shaded("pngsave_buffer", bits=16),
    "alpha png": shaded("pngsave_buffer", bands=4),
    "grey alpha png": shaded("pngsave_buffer", bands=2),
    "alpha png of 16 bits": shaded("pngsave_buffer", bands=4, bits=16),
    "interlaced png": lambda side: png.png(side, side, interlaced=True),
    "interlaced alpha png": shaded("pngsave_buffer", bands=4, interlace=True),
    "interlaced alpha png of 16 bits": shaded("pngsave_buffer", bands=4, bits=16, interlace=True),
    "webp": shaded("webpsave_buffer", effort=0),
    "alpha webp": shaded("webpsave_buffer", bands=4, effort=0),
    "drawn png": drawn("pngsave_buffer"),
    "drawn alpha png": drawn("pngsave_buffer", bands=4),
    "drawn moving gif": drawn("gifsave_buffer", frames=FRAMES, effort=1),
    "drawn moving alpha webp": drawn(
        "webpsave_buffer", bands=4, frames=FRAMES, lossless=True, effort=0
    ),
    "lossless webp": lambda side: webp.still(side, side),
    "lossless alpha webp": shaded("webpsave_buffer", bands=4, lossless=True, effort=0),
    "moving webp": shaded("webpsave_buffer", frames=FRAMES, effort=0),
    "moving alpha webp": shaded("webpsave_buffer", bands=4, frames=FRAMES, effort=0),
    "moving lossless webp": lambda side: webp.moving(side, side, FRAMES),
    "moving lossless alpha webp": shaded(
        "webpsave_buffer", bands=4, frames=FRAMES, lossless=True, effort=0
    ),
    "many alpha webp frames": shaded(
        "webpsave_buffer", bands=4, frames=MANY, lossless=True, effort=0
    ),
    "gif": shaded("gifsave_buffer", effort=1),
    "alpha gif": shaded("gifsave_buffer", bands=4, effort=1),
    "moving gif": shaded("gifsave_buffer", frames=FRAMES, effort=1),
    "moving alpha gif": shaded("gifsave_buffer", bands=4, frames=FRAMES, effort=1),
    "cleared gif frames": cleared_gif(FRAMES),
    "many cleared gif frames": cleared_gif(MANY),
    "many alpha gif frames": shaded("gifsave_buffer", bands=4, frames=MANY, effort=1),
    "moving png": moving_png(),
    "moving alpha png": moving_png(bands=4),
    "moving png of 16 bits": moving_png(bits=16),
    "moving alpha png of 16 bits": moving_png(bands=4, bits=16),
    "moving interlaced alpha png of 16 bits": moving_png(bands=4, bits=16, interlace=True),
    "two alpha png frames of 16 bits": moving_png(bands=4, bits=16, frames=2),
    "png of a frame and a default of 16 bits": moving_png(bits=16, frames=2, skips=True),
    "many alpha png frames": moving_png(bands=4, frames=MANY),
    "avif": avif(),
    "fine avif": fine_avif(),
    "avif of 10 bits": avif(bitdepth=10),
    "fine avif of 12 bits": fine_avif(bitdepth=12),
    "alpha avif": avif(bands=4),
    "alpha avif of 10 bits": avif(bands=4, bitdepth=10),
    "fine alpha avif of 12 bits": fine_avif(bands=4, bitdepth=12),
    "avif sequence": sequence,
    "heic": heic(),
    "fine heic": heic(chroma="444"),
    "alpha heic": heic(mode="RGBA"),
    "heic of 10 bits": heic(deep=True),
    "alpha heic of 10 bits": heic(deep=True, mode="RGBA"),
    "tiff": tiff.tiff,
    "tiled tiff": lambda side: tiff.tiff(side, tile=256),
    "tiff of jpeg": shaded("tiffsave_buffer", compression="jpeg"),
    "tiff of lzw": shaded("tiffsave_buffer", compression="lzw"),
    "one-bit tiff": one_bit,
    "tiff of 16 bits": shaded("tiffsave_buffer", bits=16, compression=DEFLATE),
    "tiff of floating point": floating,
    "cmyk tiff": shaded("tiffsave_buffer", bands=4, space="cmyk", compression=DEFLATE),
    "alpha tiff": shaded("tiffsave_buffer", bands=4, compression=DEFLATE),
    "alpha tiff of 16 bits": shaded("tiffsave_buffer", bands=4, bits=16, compression=DEFLATE),
    "one-bit bmp": bmp("1"),
    "grey bmp": bmp("L"),
    "bmp of a palette": bmp("P"),
    "bmp": bmp("RGB"),
    "alpha bmp": bmp("RGBA"),
}


@dataclass(frozen=True)
class Choice:
    """A recipe of one slot, and the plainest codec that its file may get: that of `plainest`.

    `is_any_size` if the rung may be made smaller than the recipe asks, `is_exact` if the file must
    be able to be lossless.
    """

    recipe: Recipe
    plainest: Slot
    is_any_size: bool = False
    is_exact: bool = False

    def allows(self, plan: RenderPlan) -> bool:
        """Return whether a plan gives the slot such a file, and all frames that were asked for."""
        (rendition,) = plan.renditions
        (slot,) = rendition.names
        best = tuple(Slot)[: tuple(Slot).index(self.plainest) + 1]
        is_whole = self.is_any_size or plan.reduction.most_pixels is None
        moves = plan.reduction.still in {None, Still.RECIPE}
        can_be_made = rendition.allows_exact or not self.is_exact
        return rendition.encoded_as(slot) in best and is_whole and moves and can_be_made


QUICK_AVIF, WEBP = whole(Slot.AVIF, avif=2), whole(Slot.WEBP, webp=4)
FALLBACK = whole(Slot.FALLBACK, jpeg=3, gif=1)
FIRST_FRAME = replace(WEBP, animation=Animation.FIRST_FRAME)
CHOICES: dict[str, Choice] = {
    "tiny webp": Choice(TINY, Slot.WEBP),
    "quick avif": Choice(QUICK_AVIF, Slot.AVIF),
    "slow avif": Choice(whole(Slot.AVIF, avif=4), Slot.AVIF),
    "quick avif or webp": Choice(QUICK_AVIF, Slot.WEBP),
    "quick avif or plainer": Choice(QUICK_AVIF, Slot.FALLBACK),
    "webp": Choice(WEBP, Slot.WEBP),
    "lossless webp": Choice(WEBP, Slot.WEBP, is_exact=True),
    "webp or fallback": Choice(WEBP, Slot.FALLBACK),
    "first frame": Choice(FIRST_FRAME, Slot.WEBP),
    "fallback": Choice(FALLBACK, Slot.FALLBACK),
    "fallback of any size": Choice(FALLBACK, Slot.FALLBACK, is_any_size=True),
}
ALWAYS = (
    *((name, "tiny webp") for name in SOURCES),
    *(("png", choice) for choice in CHOICES if choice != "tiny webp"),
    ("jpeg", "fallback of any size"),
    ("drawn png", "lossless webp"),
    ("drawn png", "quick avif"),
    ("drawn png", "fallback"),
    ("drawn alpha png", "lossless webp"),
    ("drawn alpha png", "fallback"),
    ("drawn moving gif", "lossless webp"),
    ("drawn moving alpha webp", "lossless webp"),
    ("alpha png", "quick avif"),
    ("alpha png", "webp"),
    ("alpha png", "quick avif or plainer"),
    ("alpha png", "fallback"),
    ("alpha png", "fallback of any size"),
    ("moving gif", "webp"),
    ("moving gif", "webp or fallback"),
    ("moving gif", "first frame"),
    ("moving gif", "fallback"),
    ("moving png", "webp"),
    ("moving alpha png", "webp"),
    ("moving alpha png", "fallback"),
    ("moving alpha png of 16 bits", "first frame"),
    ("moving alpha gif", "webp"),
    ("moving alpha gif", "webp or fallback"),
    ("moving alpha gif", "first frame"),
    ("moving alpha gif", "fallback"),
    ("moving alpha webp", "first frame"),
    ("many alpha gif frames", "webp"),
    ("many alpha png frames", "webp"),
    ("many cleared gif frames", "webp"),
    ("many alpha webp frames", "webp"),
    ("many alpha webp frames", "first frame"),
)
# A stand-in costs what it costs in its own slot, so a few kinds of source are enough.
OWN_CODECS = ("tiny webp", "quick avif", "slow avif", "webp", "fallback")
STAND_INS = tuple(choice for choice in CHOICES if choice not in OWN_CODECS)
KINDS = ("jpeg", "png", "alpha png", "alpha webp", "avif", "moving webp", "moving alpha gif")
ALL = {*ALWAYS, *itertools.product(SOURCES, OWN_CODECS), *itertools.product(KINDS, STAND_INS)}
CASES = tuple(sorted(ALL)) if SIZE.is_long else ALWAYS


def planned(
    header: ImageHeader, limits: Limits, recipe: Recipe = TINY, *, beside_bytes: int = 0
) -> RenderPlan | Cause:
    try:
        return plan_render(header, recipe, limits, held_beside=lambda *_: beside_bytes)
    except Failure as failure:
        return failure.cause


def largest_side(make: Make, choice: Choice) -> int:
    """Return the side of the largest square for which this is the choice."""
    sample = make(SAMPLE_SIDE)
    header, per_pixel = probe(sample), len(sample) / SAMPLE_SIDE**2
    low, high = 1, 16_000
    while high - low > 1:
        middle = (low + high) // 2
        square = replace(header, stored=Size(middle, middle))
        beside_bytes = SOURCE_COPIES * round(per_pixel * square.stored.pixels)
        plan = planned(square, ROOM_FOR_REST, choice.recipe, beside_bytes=beside_bytes)
        fits = isinstance(plan, RenderPlan) and choice.allows(plan)
        low, high = (middle, high) if fits else (low, middle)
    return low


@pytest.fixture(name="bound_child")
def _bound_child() -> Iterator[RenderChild]:
    child = RenderChild(LIMITS.memory_bytes)
    yield child
    child.stop()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("source", "choice"), CASES, ids=map(" as ".join, CASES))
def test_the_largest_accepted_image_fits_into_memory(
    bound_child: RenderChild, source: str, choice: str
) -> None:
    make, job = SOURCES[source], Job(CHOICES[choice].recipe, LIMITS)
    data = make(largest_side(make, CHOICES[choice]))

    replies = list(bound_child.render(data, job, time_limit_seconds=TIME_LIMIT_SECONDS))

    assert isinstance(replies[-1], DoneFrame)
    assert bound_child.is_alive()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize(
    ("slot", "size"),
    [
        (Slot.AVIF, Size(64, MAX_SIDE[Codec.AVIF])),
        (Slot.AVIF, Size(MAX_SIDE[Codec.AVIF], 4)),
        (Slot.WEBP, Size(64, MAX_SIDE[Codec.WEBP])),
        (Slot.FALLBACK, Size(64, MAX_SIDE[Codec.JPEG])),
        (Slot.FALLBACK, Size(MAX_SIDE[Codec.JPEG], 4)),
    ],
)
def test_the_longest_image_of_a_codec_fits_into_its_memory_cost(
    slot: Slot, size: Size, bands: int
) -> None:
    """Encoders hold a margin around an image, which is much of a narrow one."""
    shade = pyvips.Image.xyz(size.width, size.height)[1] % LEVELS
    picture = shade.bandjoin([shade] * (bands - 1)).cast("uchar").copy(interpretation="srgb")
    data = bytes(picture.pngsave_buffer(compression=1))
    plan = plan_render(probe(data), whole(slot), Limits())
    cost = memory_cost_bytes(plan.header, plan.renditions) + SOURCE_COPIES * len(data)
    child = RenderChild(cost)

    job = Job(whole(slot), Limits(memory_bytes=cost))
    file, _ = child.render(data, job, time_limit_seconds=TIME_LIMIT_SECONDS)

    assert not isinstance(file, DoneFrame)
    assert file[0].limit is None
    child.stop()


@pytest.mark.parametrize("source", [name for name in SOURCES if name.startswith("drawn")])
def test_drawn_sources_get_lossless_files(source: str) -> None:
    data = SOURCES[source](200)
    image = pyvips.Image.new_from_buffer(data, "", **({"n": -1} if "moving" in source else {}))

    assert Content(image.colourspace("srgb").copy_memory()).is_drawn


BOUNDS: dict[str, tuple[ImageHeader, ImageHeader, Limits, Cause]] = {
    "pixels": (
        replace(STILL, stored=Size(100, 100)),
        replace(STILL, stored=Size(10_001, 1)),
        Limits(max_pixels=10_000),
        Cause.TOO_MANY_PIXELS,
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
    assert isinstance(planned(at, limits), RenderPlan)
    assert planned(over, limits) is expected


def test_the_memory_limit_is_inclusive_and_counts_what_is_held_beside_the_image() -> None:
    fits = next(
        size
        for size in range(1 << 28)
        if isinstance(planned(STILL, Limits(memory_bytes=150 * MEBIBYTE + size)), RenderPlan)
    )
    limits = Limits(memory_bytes=150 * MEBIBYTE + fits)

    assert planned(STILL, limits, beside_bytes=1) is Cause.TOO_COSTLY
