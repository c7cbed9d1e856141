"""No slot is larger than the best exact file of the same pixels, and coloured text is readable."""

import io
from collections.abc import Callable
from random import Random

import pytest
import pyvips
from PIL import Image, ImageDraw, ImageFont

from shared.imaging.encoding.content import Content
from shared.imaging.encoding.encode import Encoder, encode
from shared.imaging.render import Encoded, render
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.quality_and_effort import DEFAULT_QUALITY, default_effort
from shared.model.recipe import Recipe, Slot, Variant
from tests.bench.score import Reference
from tests.support import images

pytestmark = pytest.mark.imaging

FONT = ImageFont.load_default(14)
WHITE, INKS = (255, 255, 255), ((36, 41, 47), (9, 105, 218), (207, 34, 46), (17, 99, 41))
WHOLE = Recipe("whole", (Variant("full", tuple(Slot)),), placeholder=False)


def saved(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True, **options)
    return buffer.getvalue()


def lines(picture: Image.Image, inks: tuple[object, ...], step: int = 20) -> Image.Image:
    """Return the picture with lines of text."""
    draw = ImageDraw.Draw(picture)
    for at, y in enumerate(range(10, picture.height - 16, step)):
        words = f"line {at}: thin strokes carry the colour, 0123456789, the quick brown fox"
        draw.text((8 + at % 7, y), words, fill=inks[at % len(inks)], font=FONT)  # type: ignore[arg-type] # by mode
    return picture


def screenshot() -> bytes:
    picture = Image.new("RGB", (1280, 720), WHITE)
    ImageDraw.Draw(picture).rectangle((0, 0, 1280, 56), fill=INKS[0])
    return saved(lines(picture, INKS, 18))


def one_bit_page() -> bytes:
    return saved(lines(Image.new("1", (1240, 1754), 1), (0,), 28))


def logo() -> bytes:
    big = Image.new("RGBA", (2400, 1200), (0, 0, 0, 0))
    draw = ImageDraw.Draw(big)
    draw.rounded_rectangle((160, 160, 1040, 1040), 240, fill=(230, 0, 35, 255))
    draw.ellipse((360, 360, 840, 840), fill=(255, 255, 255, 255))
    draw.rectangle((1200, 440, 2240, 600), fill=(10, 60, 200, 255))
    return saved(big.resize((600, 300), Image.Resampling.LANCZOS))


def icon() -> bytes:
    return saved(Image.new("1", (16, 16), 1))


def red_on_blue() -> bytes:
    return saved(lines(Image.new("RGB", (640, 256), (0, 0, 255)), ((255, 0, 0),)))


def chart() -> bytes:
    picture = Image.new("RGB", (900, 600), WHITE)
    draw = ImageDraw.Draw(picture)
    for at in range(12):
        draw.rectangle((40 + at * 70, 500 - at * 31, 90 + at * 70, 560), fill=INKS[at % 4])
    return saved(picture)


def dithered_photograph() -> bytes:
    return saved(images.detail((640, 480)).convert("1"))


def vertical_lines() -> bytes:
    return saved(Image.linear_gradient("L").rotate(90).point(lambda level: level % 2 * 255))


def checkerboard() -> bytes:
    squares = Image.new("1", (2, 2), 1)
    squares.putpixel((0, 0), 0)
    squares.putpixel((1, 1), 0)
    picture = Image.new("1", (500, 500))
    for left in range(0, 500, 2):
        for top in range(0, 500, 2):
            picture.paste(squares, (left, top))
    return saved(picture)


def tiled(tiles: list[Image.Image], size: tuple[int, int] = (384, 256)) -> Image.Image:
    """Return a picture of tiles of one size, drawn from the list in a fixed order."""
    picture, order = Image.new("RGB", size), Random(1)  # noqa: S311 - the same picture each time
    for top in range(0, size[1], tiles[0].height):
        for left in range(0, size[0], tiles[0].width):
            picture.paste(order.choice(tiles), (left, top))
    return picture


def repeated_photograph() -> bytes:
    return saved(tiled([images.detail((50, 50))]))


def repeated_noise() -> bytes:
    noise = Image.frombytes("RGB", (32, 32), Random(2).randbytes(3 * 32 * 32))  # noqa: S311 - as above
    return saved(tiled([noise]))


def map_of_tiles() -> bytes:
    return saved(tiled([images.detail((32, 32), seed=each) for each in range(8)]))


def list_of_icons() -> bytes:
    icons = [images.detail((48, 48), seed=each) for each in range(6)]
    picture, order = Image.new("RGB", (384, 480), (250, 250, 250)), Random(3)  # noqa: S311 - as above
    for top in range(8, picture.height - 48, 64):
        for left in range(8, picture.width - 48, 140):
            picture.paste(order.choice(icons), (left, top))
    return saved(lines(picture, INKS, 64))


def few_pixels() -> bytes:
    return saved(images.detail((640, 480)).crop((0, 0, 2, 1)))


def palette_with_alpha() -> bytes:
    return saved(images.with_alpha((240, 180)).quantize(60))


def grey_with_alpha() -> bytes:
    return saved(images.with_alpha((240, 180)).convert("LA"))


DRAWN: dict[str, Callable[[], bytes]] = {
    "screenshot": screenshot,
    "one-bit page": one_bit_page,
    "logo": logo,
    "icon": icon,
    "red on blue": red_on_blue,
    "chart": chart,
    # Neighbours differ, and yet exact files are small.
    "dithered photograph": dithered_photograph,
    "vertical lines": vertical_lines,
    "checkerboard": checkerboard,
    "few pixels": few_pixels,
}
# Many colours, and yet exact files are small, because the same tiles occur again and again.
TILED: dict[str, Callable[[], bytes]] = {
    "repeated photograph": repeated_photograph,
    "repeated noise": repeated_noise,
    "map of tiles": map_of_tiles,
    "list of icons": list_of_icons,
}
CLEAR: dict[str, Callable[[], bytes]] = {
    "photograph": lambda: saved(images.with_alpha((240, 180))),
    "palette": palette_with_alpha,
    "grey": grey_with_alpha,
    "logo": logo,
}


def files(source: bytes, recipe: Recipe = WHOLE) -> dict[Slot, Encoded]:
    made = [each for each in render(source, recipe, Limits()) if isinstance(each, Encoded)]
    return {each.slot: each for each in made}


def pixels(data: bytes) -> bytes:
    """Return the pixels as RGBA; those that are fully transparent have no colour."""
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    clear = Image.new("RGBA", picture.size)
    visible = picture.getchannel("A").point(lambda level: 255 if level else 0)
    return Image.composite(picture, clear, visible).tobytes()


def is_exact(file: Encoded) -> bool:
    return file.codec is Codec.PNG or file.data[12:16] == b"VP8L"


def smallest_webp(source: bytes) -> int:
    """Return the bytes of the source's smallest lossless WebP."""
    image = pyvips.Image.new_from_buffer(source, "").colourspace("srgb")
    return min(
        len(image.webpsave_buffer(lossless=True, effort=effort, Q=quality, keep="none"))
        for effort, quality in ((0, 100), (1, 75), (4, 75))
    )


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN.keys())
def test_no_slot_of_a_drawing_is_larger_than_its_best_exact_file(
    make: Callable[[], bytes],
) -> None:
    source = make()

    made = files(source)

    assert len(made[Slot.FALLBACK].data) <= len(source)
    for slot in (Slot.AVIF, Slot.WEBP):
        assert len(made[slot].data) <= smallest_webp(source) * 1.03


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN.keys())
def test_exact_files_have_the_pixels_of_the_drawing(make: Callable[[], bytes]) -> None:
    source = make()

    exact = [each for each in files(source).values() if is_exact(each)]

    assert Slot.FALLBACK in {each.slot for each in exact}
    for each in exact:
        assert pixels(each.data) == pixels(source)


@pytest.mark.parametrize("make", TILED.values(), ids=TILED.keys())
def test_no_slot_of_repeated_tiles_is_larger_than_their_best_exact_file(
    make: Callable[[], bytes],
) -> None:
    source = make()

    made = files(source)

    for each in filter(is_exact, made.values()):
        assert pixels(each.data) == pixels(source)
    for slot in (Slot.AVIF, Slot.WEBP):
        assert len(made[slot].data) <= smallest_webp(source) * 1.03


@pytest.mark.parametrize("make", CLEAR.values(), ids=CLEAR.keys())
def test_a_transparent_png_is_no_larger_than_its_source(make: Callable[[], bytes]) -> None:
    source = make()

    fallback = files(source)[Slot.FALLBACK]

    assert fallback.codec is Codec.PNG
    assert pixels(fallback.data) == pixels(source)
    assert len(fallback.data) <= len(source)


def test_coloured_text_can_be_read_in_every_slot() -> None:
    source = red_on_blue()
    reference = Reference(pyvips.Image.new_from_buffer(source, "").copy_memory())

    for each in files(source).values():
        assert reference.score_of(each.data) > 40


def noisy_red_on_blue() -> pyvips.Image:
    """Return coloured text that is no drawing to an encoder: a photograph of a sign."""
    clean = pyvips.Image.new_from_buffer(red_on_blue(), "")
    noise = pyvips.Image.gaussnoise(clean.width, clean.height, mean=0, sigma=6, seed=1)
    return (clean + noise).cast("uchar").copy(interpretation="srgb").copy_memory()


@pytest.mark.parametrize("codec", [Codec.AVIF, Codec.WEBP, Codec.JPEG])
def test_coloured_text_can_be_read_in_a_lossy_file(codec: Codec) -> None:
    image = noisy_red_on_blue()

    file = encode(image, Encoder(codec), quality=DEFAULT_QUALITY, effort=default_effort(1))

    assert not Content(image).is_drawn
    assert Reference(image).score_of(file) > 40


def test_a_photograph_has_no_coloured_edges() -> None:
    picture = pyvips.Image.new_from_buffer(images.jpeg((640, 480)), "").copy_memory()

    assert Content(picture).coloured_edges < 0.025


def test_an_animation_of_flat_frames_is_exact_where_that_is_smaller() -> None:
    frames = [Image.new("RGB", (160, 120), INKS[0]) for _ in range(6)]
    for at, frame in enumerate(frames):
        ImageDraw.Draw(frame).rectangle((at * 20, 30, at * 20 + 30, 80), fill=INKS[2])
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=80)

    made = files(buffer.getvalue())

    assert len(made[Slot.AVIF].data) <= len(made[Slot.WEBP].data) <= len(made[Slot.FALLBACK].data)
    assert b"VP8 " not in made[Slot.WEBP].data
    shown = Image.open(io.BytesIO(made[Slot.WEBP].data))
    for at, frame in enumerate(frames):
        shown.seek(at)
        assert shown.convert("RGB").tobytes() == frame.tobytes()


def test_flat_parts_of_a_moving_photograph_are_exact() -> None:
    """The first frame has many colours, and the part of the later ones that changes has two."""
    photograph, frames = images.detail((160, 120)), list[Image.Image]()
    for at in range(6):
        frame = photograph.copy()
        ImageDraw.Draw(frame).rectangle((20, 20, 140, 100), fill=INKS[0])
        ImageDraw.Draw(frame).rectangle((20 + at * 16, 30, 50 + at * 16, 80), fill=INKS[2])
        frames.append(frame)
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:], duration=80)

    webp = files(buffer.getvalue())[Slot.WEBP].data

    assert b"VP8 " in webp
    assert b"VP8L" in webp
