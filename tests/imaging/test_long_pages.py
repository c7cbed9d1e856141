"""Pages that are too long or too large for the codecs of some slots render, and can be read."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageDraw, ImageFont

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.encoding.encode import Encoder, encode
from shared.model.codec import MAX_SIDE, Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.reductions import Reduction, SlotLimit
from tests.bench.recipes import default_recipe
from tests.support import images
from tests.support.size import SIZE

pytestmark = pytest.mark.imaging

SECONDS = 120.0
FONT_PIXELS, STEP = 16, 40
PART = 400
WHITE, INK = (255, 255, 255), (30, 30, 30)


def page(size: tuple[int, int]) -> Image.Image:
    """Return a page of numbered lines of text."""
    picture = Image.new("RGB", size, WHITE)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_PIXELS)
    for number, top in enumerate(range(10, size[1] - STEP, STEP)):
        line = f"{number}: the quick brown fox jumps over the lazy dog, 0123456789"
        draw.text((8 + number % 7, top), line, fill=INK, font=font)
    return picture


@pytest.fixture(name="child", scope="module")
def _child() -> Iterator[RenderChild]:
    child = RenderChild(Limits().memory_bytes)
    yield child
    child.stop()


def rendered(
    child: RenderChild,
    data: bytes,
    recipe: Recipe,
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> tuple[dict[tuple[str, Slot], tuple[VariantFrame, bytes]], DoneFrame]:
    """Return the files by variant and slot, each of which the recipe names, and the end."""
    *replies, done = child.render(data, Job(recipe, limits), time_limit_seconds=SECONDS)
    assert isinstance(done, DoneFrame)
    files = {
        (name, reply[0].slot): reply
        for reply in replies
        if not isinstance(reply, DoneFrame)
        for name in reply[0].variants
    }
    assert sorted(files) == sorted(recipe.stored_names())
    if recipe.background is None:  # a flattened fallback may be smaller
        require_no_larger_file_in_a_better_slot(
            {key: len(data) for key, (_, data) in files.items()}
        )
    return files, done


def require_no_larger_file_in_a_better_slot(sizes: dict[tuple[str, Slot], int]) -> None:
    for name in {name for name, _ in sizes}:
        best_first = [sizes[name, slot] for slot in Slot if (name, slot) in sizes]
        assert best_first == sorted(best_first)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the root of the mean squared difference, in levels."""
    a, b = (np.asarray(each, np.float32) for each in (one, other))
    return float(np.sqrt(np.mean((a - b) ** 2)))


def require_readable(data: bytes, source: Image.Image) -> None:
    """Fail unless the text is nearer to Lanczos than text of three quarters of the size.

    Compares a part at the top, in the middle and at the bottom: all of it takes seconds.
    """
    file = Image.open(io.BytesIO(data)).convert("RGB")
    ratio = source.height / file.height
    for top in (0, file.height // 2, file.height - PART):
        part = file.crop((0, top, file.width, top + PART))
        box = (0.0, top * ratio, float(source.width), (top + PART) * ratio)
        ideal = source.resize(part.size, Image.Resampling.LANCZOS, box=box)
        smaller = ideal.resize((file.width * 3 // 4, PART * 3 // 4), Image.Resampling.LANCZOS)
        blurred = smaller.resize(part.size, Image.Resampling.LANCZOS)
        assert difference(part, ideal) < difference(blurred, ideal) / 2


# The first is short enough for WebP, the second is not.
PAGES: dict[str, tuple[tuple[int, int], str]] = {
    "1920x8500 jpeg": ((1920, 8500), "JPEG"),
    "790x36861 png": ((790, 36_861), "PNG"),
}
if SIZE.is_long:
    PAGES |= {
        "1080x20000 jpeg": ((1080, 20_000), "JPEG"),
        "790x36861 jpeg": ((790, 36_861), "JPEG"),
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("size", "kind"), PAGES.values(), ids=PAGES.keys())
def test_a_long_page_can_be_read_at_the_full_width_in_every_slot(
    child: RenderChild, size: tuple[int, int], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    ladder = default_recipe()
    # The rungs between cost seconds, and `test_render_plan` plans all of them.
    kept = tuple(each for each in ladder.variants if each.name in {"w640", "w1920", "thumb"})
    source, recipe = page(size), replace(ladder, variants=kept)
    options: dict[str, object] = {"quality": 90} if kind == "JPEG" else {"compress_level": 1}

    files, done = rendered(child, images.saved(source, kind, **options), recipe)

    assert done.reduction == Reduction()
    widths = {each.name: each.width for each in recipe.variants if each.name.startswith("w")}
    for (name, slot), (frame, data) in files.items():
        if name in widths:
            assert frame.width == min(widths[name] or 0, size[0])
            assert abs(frame.height - frame.width * size[1] / size[0]) <= 1
        is_long = frame.height > MAX_SIDE[Codec.WEBP]
        assert (frame.limit is SlotLimit.SIDE) == (is_long and slot is not Slot.FALLBACK)
        if name == "w1920":
            require_readable(data, source)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("size", "kind"), [((1920, 8500), "JPEG")])
def test_a_slot_whose_codec_costs_too_much_memory_has_the_file_of_the_next_slot(
    child: RenderChild, size: tuple[int, int], kind: str
) -> None:
    variant = Variant("w1920", tuple(Slot), width=1920)

    files, _ = rendered(child, images.saved(page(size), kind), Recipe("one", (variant,)))

    by_slot = {slot: (frame, data) for (_, slot), (frame, data) in files.items()}
    assert by_slot[Slot.AVIF][0].limit is SlotLimit.MEMORY
    assert by_slot[Slot.AVIF][1] == by_slot[Slot.WEBP][1]
    assert by_slot[Slot.WEBP][0].codec is Codec.WEBP
    assert by_slot[Slot.WEBP][0].limit is None


def long_png(mode: str, height: int) -> bytes:
    """Return coloured noise, smaller as a JPEG; a fourth band is half transparent."""
    bands = [Image.effect_noise((16, height), 60) for _ in range(3)]
    picture = Image.merge("RGB", bands).convert(mode)
    if mode == "RGBA":
        picture.putalpha(128)
    return images.saved(picture, "PNG")


LONG: dict[str, tuple[Callable[[], bytes], tuple[int, int, int] | None, dict[Slot, Codec]]] = {
    "opaque": (
        lambda: long_png("RGB", 20_000),
        None,
        dict.fromkeys(Slot, Codec.JPEG),
    ),
    "transparent": (
        lambda: long_png("RGBA", 20_000),
        None,
        dict.fromkeys(Slot, Codec.PNG),
    ),
    "transparent on a background": (
        lambda: long_png("RGBA", 20_000),
        WHITE,
        {Slot.AVIF: Codec.PNG, Slot.WEBP: Codec.PNG, Slot.FALLBACK: Codec.JPEG},
    ),
    "moving": (
        lambda: images.animated_gif((2, 20_000), frames=3),
        None,
        dict.fromkeys(Slot, Codec.GIF),
    ),
}


@pytest.mark.parametrize(("make", "background", "codecs"), LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("slots", [tuple(Slot), (Slot.AVIF,), (Slot.WEBP,)])
def test_the_plainer_codec_that_stands_in_a_better_slot_loses_nothing(
    child: RenderChild,
    make: Callable[[], bytes],
    background: tuple[int, int, int] | None,
    codecs: dict[Slot, Codec],
    slots: tuple[Slot, ...],
) -> None:
    recipe = Recipe("long", (Variant("full", slots),), background=background, placeholder=False)

    files, _ = rendered(child, make(), recipe)

    assert {slot: frame.codec for (_, slot), (frame, _) in files.items()} == {
        slot: codecs[slot] for slot in slots
    }


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("codec", [Codec.AVIF, Codec.WEBP, Codec.JPEG, Codec.GIF])
def test_each_encoder_accepts_sides_up_to_its_limit_and_no_longer_ones(
    codec: Codec, *, turned: bool
) -> None:
    quality: dict[str, int] = {Codec.AVIF: 50, Codec.WEBP: 50, Codec.JPEG: 50}
    effort: dict[str, int] = {Codec.AVIF: 0, Codec.WEBP: 0, Codec.JPEG: 0, Codec.GIF: 1}

    def encoded(side: int) -> bytes:
        size = (side, 16) if turned else (16, side)
        black = pyvips.Image.black(*size, bands=3).copy(interpretation="srgb")
        return encode(black, Encoder(codec), quality=quality, effort=effort)

    assert encoded(MAX_SIDE[codec])
    with pytest.raises(pyvips.Error):
        encoded(MAX_SIDE[codec] + 1)


@pytest.mark.parametrize("height", [MAX_SIDE[Codec.JPEG], MAX_SIDE[Codec.JPEG] + 1, 400_000])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_file_is_longer_than_the_fallback_can_be(
    child: RenderChild, height: int, mode: str
) -> None:
    recipe = Recipe("long", (Variant("full", tuple(Slot)),), placeholder=False)

    files, _ = rendered(child, long_png(mode, height), recipe)

    assert {frame.height for frame, _ in files.values()} == {MAX_SIDE[Codec.JPEG]}


@pytest.mark.timeout(300)
def test_a_page_that_no_codec_can_hold_is_made_smaller_and_can_still_be_read(
    child: RenderChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    source = page((1900, 50_000))
    widths = (960, 1280, 1920)
    recipe = Recipe("wide", tuple(Variant(f"w{at}", (Slot.WEBP,), width=at) for at in widths))

    files, done = rendered(child, images.saved(source, "JPEG", quality=90), recipe)

    assert done.reduction.most_pixels
    frame, data = files["w1920", Slot.WEBP]
    assert 950 <= frame.width < 1900
    assert files["w960", Slot.WEBP][0].width == 960
    require_readable(data, source)
