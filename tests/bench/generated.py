"""Generates the pictures of `make bench-quality` that are no photographs, from fixed seeds.

Each group is a kind of content that encoders treat differently: `smooth` pictures without grain,
`colourful` ones with saturated detail, `drawings` of flat areas, and `text`.
"""

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from scripts.demo import paintings
from tests.support.images import detail

Colour = tuple[int, int, int]
WORDS = "the quick brown fox jumps over a lazy dog while error warning render resize 0123456789"
INK, PAPER, NIGHT = (36, 41, 47), (255, 255, 255), (22, 27, 34)
INKS: tuple[Colour, ...] = ((9, 105, 218), (207, 34, 46), (17, 99, 41), (130, 80, 223))
SCREEN, PAGE, CAMERA = (1920, 1200), (1240, 1754), (2400, 1600)


def _seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same picture at each run


def _line(rng: Random, words: int) -> str:
    return " ".join(rng.choice(WORDS.split()) for _ in range(words))


def _sunset() -> Image.Image:
    """Return a sky that fades through three colours, with a soft sun."""
    sky = Image.new("RGB", (3, 4))
    sky.putdata(
        [(20, 30, 90)] * 3 + [(120, 80, 140)] * 3 + [(250, 150, 90)] * 3 + [(60, 40, 50)] * 3
    )
    picture = sky.resize(CAMERA, Image.Resampling.BICUBIC)
    glow = (
        Image.radial_gradient("L").resize((900, 900)).point(lambda level: max(0, 255 - 2 * level))
    )
    picture.paste((255, 240, 200), (1300, 500), glow)
    return picture


def _bokeh() -> Image.Image:
    """Return lights out of focus before a dark background."""
    rng, picture = _seeded(2), Image.new("RGB", CAMERA, (18, 14, 26))
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(90):
        x, y, radius = rng.randrange(2400), rng.randrange(1600), rng.randrange(30, 130)
        colour = (rng.randrange(90, 256), rng.randrange(60, 200), rng.randrange(20, 160), 110)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(9))


def _fog() -> Image.Image:
    """Return ridges in fog."""
    return paintings.landscape(_seeded(4), CAMERA, paintings.DAWN).filter(
        ImageFilter.GaussianBlur(4)
    )


def _product() -> Image.Image:
    """Return a product before a backdrop that is lit from above."""
    picture = Image.linear_gradient("L").rotate(180).resize(CAMERA).convert("RGB")
    picture = Image.blend(picture, Image.new("RGB", CAMERA, (225, 222, 216)), 0.7)
    product = detail((900, 900), seed=8)
    mask = Image.new("L", product.size)
    ImageDraw.Draw(mask).rounded_rectangle((40, 40, 860, 860), 180, fill=255)
    picture.paste(product, (750, 380), mask.filter(ImageFilter.GaussianBlur(3)))
    return picture


def _petals() -> Image.Image:
    """Return saturated blossoms on green, with grain."""
    rng, picture = _seeded(5), Image.new("RGB", CAMERA, (20, 90, 30))
    draw = ImageDraw.Draw(picture)
    for _ in range(260):
        x, y, size = rng.randrange(2400), rng.randrange(1600), rng.randrange(30, 120)
        fill = rng.choice(((230, 20, 60), (250, 190, 10), (190, 20, 200), (250, 90, 20)))
        for at in range(6):
            left, top = x + size * cos(at * pi / 3), y + size * sin(at * pi / 3)
            draw.ellipse((left - size / 2, top - size / 2, left + size / 2, top + size / 2), fill)
    return Image.blend(picture.filter(ImageFilter.GaussianBlur(1.2)), detail(CAMERA, seed=5), 0.15)


def _marbles() -> Image.Image:
    """Return marbled glass on white."""
    picture = Image.new("RGB", (1800, 1350), PAPER)
    glass = paintings.bubbles(_seeded(3), picture.size)
    picture.paste(glass, (0, 0), glass)
    return picture


def _market() -> Image.Image:
    """Return a photograph's detail in strong colours."""
    return ImageEnhance.Color(
        detail(CAMERA, seed=11).filter(ImageFilter.GaussianBlur(0.8))
    ).enhance(2.2)


def _chart() -> Image.Image:
    """Return bars, a curve, axes and labels."""
    rng, picture = _seeded(6), Image.new("RGB", SCREEN, PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(22)
    for at in range(9):
        draw.line((120, 100 + 120 * at, 1860, 100 + 120 * at), fill=(225, 228, 232), width=2)
        draw.text((40, 88 + 120 * at), f"{(8 - at) * 25}%", fill=INK, font=font)
    for at in range(24):
        top = rng.randrange(150, 950)
        draw.rectangle((140 + at * 70, top, 185 + at * 70, 1060), fill=INKS[at % 4])
        draw.text((140 + at * 70, 1080), f"w{at + 1}", fill=INK, font=font)
    curve = [(140 + at * 17, 600 + 300 * sin(at / 9)) for at in range(100)]
    draw.line(curve, fill=(245, 130, 32), width=6, joint="curve")
    return picture


def _flat() -> Image.Image:
    """Return a poster of flat shapes with smooth edges."""
    rng, big = _seeded(7), Image.new("RGB", (3840, 2400), (250, 236, 210))
    draw = ImageDraw.Draw(big)
    for _ in range(40):
        x, y, size = rng.randrange(3840), rng.randrange(2400), rng.randrange(100, 600)
        corners = [(x + rng.randrange(-size, size), y + rng.randrange(-size, size)) for _ in "123"]
        fill = rng.choice((*INKS, (250, 200, 60), (240, 110, 80), (40, 50, 90)))
        if rng.random() < 0.5:
            draw.ellipse((x - size // 2, y - size // 2, x + size // 2, y + size // 2), fill=fill)
        else:
            draw.polygon(corners, fill=fill)
    return big.resize(SCREEN, Image.Resampling.LANCZOS)


def _plan() -> Image.Image:
    """Return a map: thin roads and labels over areas."""
    rng, big = _seeded(9), Image.new("RGB", (3840, 2400), (242, 239, 233))
    draw = ImageDraw.Draw(big)
    for _ in range(30):
        x, y = rng.randrange(3600), rng.randrange(2200)
        fill = rng.choice(((200, 225, 180), (170, 205, 230), (225, 220, 210)))
        draw.rectangle((x, y, x + rng.randrange(200, 900), y + rng.randrange(200, 700)), fill=fill)
    for _ in range(120):
        ends = [(rng.randrange(3840), rng.randrange(2400)) for _ in "12"]
        draw.line(ends, fill=(190, 180, 170), width=15)
        draw.line(ends, fill=rng.choice(((255, 255, 255), (250, 220, 120))), width=10)
    font = ImageFont.load_default(34)
    for _ in range(160):
        place = rng.randrange(3600), rng.randrange(2300)
        draw.text(place, _line(rng, 2), fill=(80, 70, 60), font=font)
    return big.resize(SCREEN, Image.Resampling.LANCZOS)


def _line_art() -> Image.Image:
    """Return black strokes on white."""
    rng, big = _seeded(10), Image.new("L", (3840, 2400), 255)
    draw = ImageDraw.Draw(big)
    for _ in range(300):
        x, y, size = rng.randrange(3840), rng.randrange(2400), rng.randrange(60, 500)
        draw.arc((x, y, x + size, y + size), rng.randrange(360), rng.randrange(360), 0, 6)
    return big.resize(SCREEN, Image.Resampling.LANCZOS).convert("RGB")


def _terminal() -> Image.Image:
    """Return a dark screen full of coloured lines."""
    rng, picture = _seeded(12), Image.new("RGB", SCREEN, NIGHT)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(17)
    inks = ((201, 209, 217), (126, 231, 135), (255, 123, 114), (121, 192, 255))
    for top in range(12, 1180, 22):
        ink = rng.choice(inks)
        draw.text((14, top), _line(rng, rng.randrange(4, 26)), fill=ink, font=font)
    return picture


def _interface() -> Image.Image:
    """Return a settings page: bars, cards, buttons, labels and one small photograph."""
    rng, picture = _seeded(13), Image.new("RGB", SCREEN, (246, 248, 250))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    draw.rectangle((0, 0, 1920, 64), fill=INK)
    draw.rectangle((0, 64, 300, 1200), fill=(234, 238, 242))
    for at in range(22):
        draw.text((24, 90 + at * 46), _line(rng, 3), fill=INK, font=font)
    for at in range(8):
        left, top = 340 + at % 2 * 780, 100 + at // 2 * 270
        draw.rounded_rectangle((left, top, left + 740, top + 240), 12, PAPER, (208, 215, 222))
        for row in range(6):
            draw.text((left + 20, top + 16 + row * 28), _line(rng, 9), fill=INK, font=font)
        draw.rounded_rectangle(
            (left + 580, top + 190, left + 720, top + 226), 8, fill=INKS[at % 4]
        )
        draw.text((left + 612, top + 198), "Save changes", fill=PAPER, font=font)
    picture.paste(detail((200, 150), seed=13), (860, 130))
    return picture


def _scanned_page() -> Image.Image:
    """Return a scanned page: grey text with the paper's noise."""
    rng, picture = _seeded(14), Image.new("L", PAGE, 246)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(24)
    for top in range(90, 1660, 34):
        draw.text((110, top), _line(rng, 11)[:84], fill=38, font=font)
    soft = picture.rotate(0.4, Image.Resampling.BICUBIC, fillcolor=246)
    soft = soft.filter(ImageFilter.GaussianBlur(0.7))
    return Image.blend(soft, Image.effect_noise(PAGE, 30), 0.06).convert("RGB")


def _page() -> Image.Image:
    """Return a printed page in two colours."""
    rng, picture = _seeded(15), Image.new("RGB", PAGE, PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((110, 60), "An ordinary headline", fill=INKS[1], font=ImageFont.load_default(64))
    font = ImageFont.load_default(24)
    for top in range(180, 1660, 32):
        draw.text((110, top), _line(rng, 11)[:88], fill=INK, font=font)
    return picture


def _coloured_text() -> Image.Image:
    """Return red text on blue, and blue on red."""
    rng, picture = _seeded(16), Image.new("RGB", (1280, 800), (0, 0, 255))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(18)
    draw.rectangle((640, 0, 1280, 800), fill=(230, 0, 35))
    for top in range(10, 780, 24):
        draw.text((12, top), _line(rng, 9)[:58], fill=(255, 0, 0), font=font)
        draw.text((652, top), _line(rng, 9)[:58], fill=(0, 30, 255), font=font)
    return picture


GROUPS: Mapping[str, Mapping[str, Callable[[], Image.Image]]] = {
    "smooth": {"sunset": _sunset, "bokeh": _bokeh, "fog": _fog, "product": _product},
    "colourful": {"petals": _petals, "marbles": _marbles, "market": _market},
    "drawings": {"chart": _chart, "flat": _flat, "map": _plan, "line art": _line_art},
    "text": {
        "terminal": _terminal,
        "interface": _interface,
        "scanned page": _scanned_page,
        "page": _page,
        "coloured text": _coloured_text,
    },
}
QUALITY = 92
# Cameras write JPEG; screens and drawing programs write PNG.
LOSSLESS = frozenset({"drawings", "text"})


def write_generated(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Write the pictures, once, and return the group and the path of each."""
    found = []
    for group, pictures in GROUPS.items():
        for name, make in pictures.items():
            path = folder / group / f"{name}.{'png' if group in LOSSLESS else 'jpg'}"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                make().save(path, quality=QUALITY)
            found.append((group, path))
    return tuple(found)
