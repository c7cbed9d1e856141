"""A watermark is drawn once on each variant, and on nothing else."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import Job
from shared.imaging.render import Encoded, Finished, render
from shared.imaging.watermark import MAX_PIXELS
from shared.model.errors import Cause, Failure, WatermarkUnusable
from shared.model.limits import Limits
from shared.model.recipe import Fit, Position, Recipe, Slot, Variant, Watermark
from tests.imaging.children import files
from tests.support import images

pytestmark = pytest.mark.imaging

RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (100, 100, 100)
CORNER = Watermark("logo.png", Position.BOTTOM_RIGHT, scale=0.25, opacity=1.0)
W160 = Variant("w160", (Slot.FALLBACK,), width=160, quality={"jpeg": 100, "webp": 100})
WATERMARKED = Recipe("watermarked", (W160,), watermark=CORNER)


def saved(picture: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def plain(colour: tuple[int, ...], size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a PNG of one colour, with alpha if the colour has."""
    return saved(Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour))


LOGO = plain(RED, (100, 50))


def made(data: bytes, recipe: Recipe = WATERMARKED, watermark: bytes = LOGO) -> dict[str, Encoded]:
    """Return the fallback of each variant."""
    results = list(render(data, recipe, Limits(), watermark=watermark))
    encoded = [each for each in results if isinstance(each, Encoded)]
    return {name: each for each in encoded for name in each.variants}


def opened(file: Encoded) -> Image.Image:
    picture = Image.open(io.BytesIO(file.data))
    picture.load()
    return picture


def area(picture: Image.Image, colour: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Return the box in which an image has a colour, with tolerance for JPEG."""
    bands = picture.convert("RGB").split()
    near = [
        band.point([255 * (abs(at - wanted) <= 40) for at in range(256)])
        for band, wanted in zip(bands, colour, strict=True)
    ]
    both = Image.merge("RGB", near).convert("L").point([255 * (at == 255) for at in range(256)])
    return both.getbbox()


# A watermark of 40 by 20 on a canvas of 160 by 120, 4 pixels from its edges.
BOXES = {
    Position.TOP_LEFT: (4, 4, 44, 24),
    Position.TOP_RIGHT: (116, 4, 156, 24),
    Position.BOTTOM_LEFT: (4, 96, 44, 116),
    Position.BOTTOM_RIGHT: (116, 96, 156, 116),
    Position.CENTRE: (60, 50, 100, 70),
}


@pytest.mark.parametrize("position", Position)
def test_a_watermark_is_drawn_at_its_position(position: Position) -> None:
    recipe = replace(WATERMARKED, watermark=replace(CORNER, position=position))

    picture = opened(made(plain(GREY), recipe)["w160"])

    found = area(picture, RED)
    assert found is not None
    assert all(abs(a - b) <= 1 for a, b in zip(found, BOXES[position], strict=True))
    assert picture.size == (160, 120)


def test_a_watermark_scales_with_the_variant_and_is_never_enlarged() -> None:
    widths = (80, 160, 320, 640)
    rungs = tuple(replace(W160, name=f"w{width}", width=width) for width in widths)

    found = made(plain(GREY, (640, 480)), replace(WATERMARKED, variants=rungs))

    def width(name: str) -> int:
        box = area(opened(found[name]), RED)
        assert box is not None
        return box[2] - box[0]

    assert [width(f"w{each}") for each in widths] == pytest.approx([20, 40, 80, 100], abs=2)


def test_a_watermark_is_drawn_once_and_never_on_the_placeholder() -> None:
    rungs = tuple(replace(W160, name=f"w{width}", width=width) for width in (640, 320, 160, 40))
    half = replace(CORNER, position=Position.CENTRE, opacity=0.5, scale=1.0)
    recipe = replace(WATERMARKED, variants=rungs, watermark=half)

    results = list(render(plain(BLUE, (640, 480)), recipe, Limits(), watermark=LOGO))

    files = [each for each in results if isinstance(each, Encoded)]
    finished = results[-1]
    for file in files[:-1]:
        picture = opened(file)
        middle = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
        assert middle == pytest.approx((128, 0, 127), abs=3)
    assert isinstance(finished, Finished)
    assert finished.placeholder is not None
    assert finished.placeholder.colour == "#0000ff"


def test_a_cropped_variant_has_its_watermark_inside_its_edges() -> None:
    square = replace(W160, name="sq", width=100, height=100, fit=Fit.COVER)

    picture = opened(made(plain(GREY), replace(WATERMARKED, variants=(square,)))["sq"])

    assert area(picture, RED) == pytest.approx((72, 85, 97, 97), abs=1)


def over(top: tuple[float, ...], below: tuple[float, ...]) -> tuple[float, ...]:
    """Return one colour over another: Porter and Duff, 1984, on sRGB values."""
    alpha, under = top[3] / 255, below[3] / 255
    out = alpha + under * (1 - alpha)
    bands = zip(top[:3], below[:3], strict=True)
    mixed = ((a * alpha + b * under * (1 - alpha)) / out for a, b in bands)
    return (*mixed, 255 * out)


@pytest.mark.parametrize("below", [(0, 0, 255, 255), (0, 0, 255, 100), (10, 200, 30, 1)])
@pytest.mark.parametrize("opacity", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("watermark", [(255, 0, 0, 255), (255, 0, 0, 128)])
def test_watermarks_are_blended_over_the_image(
    below: tuple[int, ...], opacity: float, watermark: tuple[int, ...]
) -> None:
    recipe = replace(WATERMARKED, watermark=replace(CORNER, opacity=opacity))

    file = made(plain(below), recipe, plain(watermark, (100, 50)))["w160"]

    shown = opened(file).convert("RGBA")
    assert shown.getpixel((136, 106)) == pytest.approx(
        over((*watermark[:3], round(watermark[3] * opacity)), below), abs=3
    )
    outside = shown.getpixel((5, 5))
    assert outside == pytest.approx(below, abs=3)
    assert file.codec == "png"  # a plain picture is smaller as PNG than as JPEG


def test_transparent_pixels_of_a_watermark_change_nothing() -> None:
    picture = images.alpha_png((160, 120))
    clear = plain((255, 0, 0, 0), (100, 50))

    file = made(picture, WATERMARKED, clear)["w160"]

    without = made(picture, replace(WATERMARKED, watermark=None))["w160"]
    assert opened(file).tobytes() == opened(without).tobytes()


WATERMARKS: dict[str, bytes] = {
    "png": LOGO,
    "palette": saved(Image.new("RGB", (100, 50), RED).quantize(4)),
    "jpeg": saved(Image.new("RGB", (100, 50), RED), "JPEG", quality=95),
    "webp": saved(Image.new("RGBA", (100, 50), (*RED, 255)), "WEBP", lossless=True),
    "avif": saved(Image.new("RGB", (100, 50), RED), "AVIF", quality=95),
    "animated gif": saved(
        Image.new("RGB", (100, 50), RED),
        "GIF",
        save_all=True,
        append_images=[Image.new("RGB", (100, 50), BLUE)],
    ),
}


@pytest.mark.parametrize("watermark", WATERMARKS.values(), ids=WATERMARKS.keys())
def test_a_watermark_may_have_any_format_and_its_first_frame_is_drawn(watermark: bytes) -> None:
    picture = opened(made(plain(GREY), WATERMARKED, watermark)["w160"])

    assert picture.convert("RGB").getpixel((136, 106)) == pytest.approx(RED, abs=12)


def test_a_watermark_is_rotated_upright() -> None:
    exif = Image.Exif()
    exif[images.ORIENTATION] = 6
    stored = Image.new("RGB", (50, 100), RED)
    watermark = saved(stored, "JPEG", quality=95, exif=exif)

    picture = opened(made(plain(GREY), WATERMARKED, watermark)["w160"])

    assert area(picture, RED) == pytest.approx(BOXES[Position.BOTTOM_RIGHT], abs=2)


def test_every_frame_has_the_watermark_and_keeps_its_delay() -> None:
    frames = [Image.new("RGB", (160, 120), colour) for colour in (GREY, BLUE, GREY, BLUE)]
    times = [50, 60, 70, 80]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=times, loop=2)

    picture = opened(made(data)["w160"])

    assert getattr(picture, "n_frames", 1) == 4
    for at, colour in enumerate((GREY, BLUE, GREY, BLUE)):
        picture.seek(at)
        assert area(picture, RED) == pytest.approx(BOXES[Position.BOTTOM_RIGHT], abs=1)
        assert picture.convert("RGB").getpixel((10, 10)) == pytest.approx(colour, abs=12)
        assert picture.info["duration"] == times[at]
    assert picture.info["loop"] == 2


def test_each_frame_shows_through_its_watermark() -> None:
    first, second = (Image.new("RGB", (160, 120), colour) for colour in (GREY, BLUE))
    data = saved(first, "GIF", save_all=True, append_images=[second], duration=50)
    half = replace(WATERMARKED, watermark=replace(CORNER, opacity=0.5))

    picture = opened(made(data, half)["w160"])

    for at, colour in enumerate((GREY, BLUE)):
        picture.seek(at)
        expected = over((*RED, 128), (*colour, 255))[:3]
        assert picture.convert("RGB").getpixel((136, 106)) == pytest.approx(expected, abs=12)


def test_a_variant_too_small_for_the_watermark_has_none_and_decodes_none() -> None:
    small = replace(WATERMARKED, variants=(replace(W160, width=32),))
    broken_behind_its_header = LOGO[:60] + bytes(20) + LOGO[80:]

    picture = opened(made(plain(GREY), small, broken_behind_its_header)["w160"])

    assert area(picture, RED) is None


def cut(data: bytes) -> Callable[[], bytes]:
    return lambda: data[: len(data) // 2]


UNUSABLE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"hello",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "truncated": cut(images.png((200, 200))),
    "too many pixels": lambda: plain(RED, (MAX_PIXELS // 1000 + 1, 1000)),
}


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_watermark_is_not_the_fault_of_the_image(
    make: Callable[[], bytes], child: RenderChild
) -> None:
    with pytest.raises(WatermarkUnusable) as caught:
        made(plain(GREY), WATERMARKED, make())
    with pytest.raises(WatermarkUnusable) as reported:
        list(child.render(plain(GREY), JOB, time_limit_seconds=20, watermark=make()))

    assert caught.value.stage == reported.value.stage == "watermark"
    assert caught.value.detail == reported.value.detail
    assert child.is_alive()
    assert files(child, plain(GREY))


JOB = Job(WATERMARKED, Limits())


def test_a_broken_image_fails_by_its_own_cause_with_a_watermark() -> None:
    with pytest.raises(Failure) as caught:
        made(b"hello", WATERMARKED, b"hello")

    assert caught.value.cause is Cause.NOT_AN_IMAGE


def test_a_child_draws_the_watermark_of_its_job(child: RenderChild) -> None:
    first, *_ = child.render(plain(GREY), JOB, time_limit_seconds=20, watermark=LOGO)

    assert isinstance(first, tuple)
    assert area(Image.open(io.BytesIO(first[1])), RED) is not None


def test_the_memory_cost_of_a_watermark_is_checked_before_decoding() -> None:
    data, watermark = plain(GREY), plain(RED, (2000, 2000))
    plain_recipe = replace(WATERMARKED, watermark=None)
    tight = next(
        limits
        for limits in (Limits(memory_bytes=mebibytes << 20) for mebibytes in range(100, 400))
        if refusal(data, plain_recipe, limits, b"") is None
    )
    enough = replace(tight, memory_bytes=tight.memory_bytes + (33 << 20))

    assert refusal(data, WATERMARKED, tight, watermark) is Cause.TOO_COSTLY
    assert refusal(data, WATERMARKED, enough, watermark) is None


def refusal(data: bytes, recipe: Recipe, limits: Limits, watermark: bytes) -> Cause | None:
    try:
        list(render(data, recipe, limits, watermark=watermark))
    except Failure as failure:
        return failure.cause
    return None
