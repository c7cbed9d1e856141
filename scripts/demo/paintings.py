"""Paints the demo's sample pictures, with the fine detail that photographs have.

Flat test charts compress unrealistically well; fractal noise does not. Equal seeds give equal
pictures.
"""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath, ImageOps

Colour = tuple[int, int, int]

# Lights the slopes of a height map from the upper left, so that it looks like rock.
RELIEF = ImageFilter.Kernel((3, 3), (-5, -3, 0, -3, 1, 3, 0, 3, 5), scale=1, offset=96)
OCTAVES = 7
FRAMES = 24
SMOOTH = Image.Resampling.BICUBIC


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one time of day; `horizon` is also the colour of distant haze."""

    zenith: Colour
    horizon: Colour
    sun: Colour
    rock: Colour
    trees: Colour
    stars: int = 0


DAWN = Palette((58, 92, 150), (250, 196, 150), (255, 240, 205), (74, 72, 104), (20, 30, 38))
DUSK = Palette((14, 18, 46), (150, 74, 104), (250, 238, 214), (38, 34, 66), (8, 9, 20), stars=900)
GLASS = (
    ((12, 44, 92), (52, 140, 190), (206, 240, 246)),
    ((96, 16, 62), (222, 92, 110), (255, 220, 196)),
    ((22, 70, 58), (92, 172, 120), (238, 246, 190)),
    ((120, 58, 8), (238, 164, 62), (255, 240, 200)),
    ((46, 28, 96), (136, 108, 206), (226, 214, 255)),
)
MEADOW = ((24, 62, 92), (74, 140, 96), (240, 190, 84))


def landscape(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    """Paint mountains in haze, with pines in front and a lake that mirrors them."""
    width, height = size
    shore = round(height * 0.72)
    picture = _sky(rng, (width, shore), palette)
    for depth in (0.15, 0.4, 0.65, 0.88):
        picture = _mountains(rng, picture, palette, depth)
    picture = _pines(rng, picture, palette)
    return _with_lake(rng, picture, height, palette)


def fog(rng: Random, size: tuple[int, int]) -> Image.Image:
    """Paint grey ridges in fog, with 16 bits per pixel."""
    grey = landscape(rng, size, DAWN).convert("L")
    grain = noise(rng, size, cells=900, octaves=2)
    deep: Image.Image = ImageMath.lambda_eval(
        lambda planes: planes["grey"] * 232 + planes["grain"] * 25, grey=grey, grain=grain
    )
    return deep.convert("I;16")


def bubbles(rng: Random, size: tuple[int, int]) -> Image.Image:
    """Paint translucent marbled glass on a transparent background: alpha of every level."""
    picture = Image.new("RGBA", size)
    for _ in range(9):
        across = round(size[0] * rng.uniform(0.16, 0.42))
        place = tuple(rng.randrange(round(side * 0.98) - across) for side in size)
        picture.alpha_composite(_bubble(rng, across), (place[0], place[1]))
    return picture


def rolling_hills(rng: Random, size: tuple[int, int]) -> list[Image.Image]:
    """Paint the frames of an animation of layered hills that loops without a jump."""
    width, height = size
    layers = []
    for nearness in range(1, 5):
        ridge = _ridge(rng, width, round(height * (0.3 + 0.15 * nearness)), height * 0.12)
        closed = _closed(ridge)
        colour = _mix(MEADOW[1], MEADOW[0], nearness / 4)
        layers.append((closed, colour, nearness))
    sky = _gradient(size, MEADOW[2], (250, 236, 205))
    ImageDraw.Draw(sky).ellipse(
        _around(width * 0.68, height * 0.3, height * 0.1), fill=(255, 250, 235)
    )
    return [_hills_frame(sky, layers, frame / FRAMES) for frame in range(FRAMES)]


def noise(
    rng: Random, size: tuple[int, int], *, cells: int, octaves: int = OCTAVES
) -> Image.Image:
    """Return grey fractal noise, 0 to 255; `cells` is the width of the coarsest octave."""
    width, height = size
    total = 0.0
    result = Image.new("L", (1, 1))
    for octave in range(octaves):
        across = min(width, cells * 2**octave)
        down = max(1, min(height, round(across * height / width)))
        lumps = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        weight = 0.55**octave
        total += weight
        result = Image.blend(result.resize(lumps.size, SMOOTH), lumps, weight / total)
    return ImageOps.autocontrast(result.resize(size, SMOOTH), cutoff=1)


def _sky(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    width, height = size
    sky = _gradient(size, palette.zenith, palette.horizon)
    draw = ImageDraw.Draw(sky)
    for _ in range(palette.stars):
        radius = rng.choice((1, 1, 1, 2, 3)) * width / 2800
        spot = _around(rng.uniform(0, width), rng.uniform(0, height * 0.6), radius)
        draw.ellipse(spot, fill=_mix(palette.zenith, (255, 255, 255), rng.uniform(0.3, 1)))
    clouds = noise(rng, (width, height * 3), cells=3).resize(size)
    veil = clouds.point([max(0, level - 120) for level in range(256)])
    sky.paste(_mix(palette.horizon, (255, 255, 255), 0.35), mask=veil)
    return _with_sun(sky, palette)


def _with_sun(sky: Image.Image, palette: Palette) -> Image.Image:
    width, height = sky.size
    glow = Image.radial_gradient("L").resize((height * 2, height * 2))
    glow = glow.point([max(0, 255 - level * 2) * 3 // 5 for level in range(256)])
    left, top = round(width * 0.66), round(height * 0.34)
    sky.paste(palette.sun, (left - height, top - height), glow)
    disc = Image.new("L", sky.size)
    ImageDraw.Draw(disc).ellipse(_around(left, top, min(width, height) * 0.045), fill=255)
    sky.paste(
        _mix(palette.sun, (255, 255, 255), 0.6), mask=disc.filter(ImageFilter.GaussianBlur(3))
    )
    return sky


def _mountains(rng: Random, picture: Image.Image, palette: Palette, depth: float) -> Image.Image:
    """Add one mountain range; `depth` is 0 for the farthest and 1 for the nearest."""
    width, height = picture.size
    ridge = _ridge(rng, width, round(height * (0.4 + 0.46 * depth)), height * (0.34 - 0.2 * depth))
    mask = _below(picture.size, ridge)
    rock = noise(rng, picture.size, cells=9).filter(RELIEF)
    near = _mix(palette.rock, palette.trees, depth**2)
    shade = _mix(palette.horizon, near, 0.25 + 0.75 * depth)
    lit = _mix(shade, palette.sun, 0.5 - 0.25 * depth)
    face = ImageOps.colorize(rock, _mix(shade, (0, 0, 0), 0.35 * depth), lit, mid=shade)
    mist = Image.linear_gradient("L").resize(picture.size)
    mist = mist.point([max(0, level - 70) * 4 // 5 for level in range(256)])
    face.paste(_mix(palette.horizon, shade, 0.2 + 0.6 * depth), mask=mist)
    return Image.composite(face, picture, mask)


def _pines(rng: Random, picture: Image.Image, palette: Palette) -> Image.Image:
    width, height = picture.size
    ground = _ridge(rng, width, round(height * 0.95), height * 0.05)
    draw = ImageDraw.Draw(picture)
    for _ in range(420):
        left = rng.uniform(0, width - 1)
        foot = ground[int(left)] + height * 0.02
        tall = height * rng.uniform(0.04, 0.15) * (0.5 + abs(left / width - 0.45))
        colour = _mix(palette.trees, palette.rock, rng.uniform(0, 0.35))
        _pine(draw, (left, foot), tall, colour)
    picture.paste(palette.trees, mask=_below(picture.size, ground))
    return picture


def _pine(
    draw: ImageDraw.ImageDraw, foot: tuple[float, float], tall: float, colour: Colour
) -> None:
    left, bottom = foot
    for tier in range(6):
        top = bottom - tall + tall * tier / 8
        half = tall * (0.05 + 0.035 * tier)
        draw.polygon(
            [(left, top), (left - half, top + tall / 3.5), (left + half, top + tall / 3.5)], colour
        )


def _with_lake(rng: Random, picture: Image.Image, height: int, palette: Palette) -> Image.Image:
    width, shore = picture.size
    depth = height - shore
    mirrored = ImageOps.flip(picture.crop((0, shore - depth, width, shore)))
    mirrored = mirrored.filter(ImageFilter.BoxBlur((width // 900, depth // 60)))
    ripples = noise(rng, (width, depth * 14), cells=8, octaves=6).resize((width, depth))
    water = Image.blend(mirrored, Image.new("RGB", mirrored.size, palette.rock), 0.28)
    glints = ripples.filter(RELIEF).point([max(0, level - 130) // 2 for level in range(256)])
    water.paste(palette.sun, mask=glints)
    full = Image.new("RGB", (width, height))
    full.paste(picture)
    full.paste(water, (0, shore))
    return full


def _bubble(rng: Random, across: int) -> Image.Image:
    size = (across, across)
    marble = noise(rng, size, cells=3)
    dark, middle, pale = rng.choice(GLASS)
    glass = ImageOps.colorize(marble, dark, pale, mid=middle)
    round_ = Image.radial_gradient("L").resize(size).point(_glass_edge)
    light = Image.radial_gradient("L").resize((across // 2, across // 2))
    light = light.point([max(0, 230 - level * 2) for level in range(256)])
    glass.paste((255, 255, 255), (across // 6, across // 7), light)
    disc = Image.new("L", size)
    ImageDraw.Draw(disc).ellipse((2, 2, across - 3, across - 3), fill=255)
    glass.putalpha(ImageChops.multiply(round_, disc.filter(ImageFilter.GaussianBlur(1.2))))
    return glass


def _glass_edge(level: float) -> float:
    return 110 + (level / 180) ** 3 * 145


def _hills_frame(
    sky: Image.Image, layers: list[tuple[list[float], Colour, int]], turn: float
) -> Image.Image:
    picture = sky.copy()
    width = picture.width
    for ridge, colour, nearness in layers:
        shift = round(width * turn * nearness)
        moved = [ridge[(left + shift) % width] for left in range(width)]
        picture.paste(colour, mask=_below(picture.size, moved))
    return picture


def _ridge(rng: Random, width: int, base: float, relief: float) -> list[float]:
    """Return the y of a mountain ridge at each column, by midpoint displacement."""
    line = [rng.uniform(-1, 1) for _ in range(5)]
    step = 1.0
    while len(line) < width:
        step *= 0.52
        middles = [(left + right) / 2 + rng.uniform(-step, step) for left, right in pairwise(line)]
        line = [value for pair in zip(line, [*middles, 0.0], strict=True) for value in pair][:-1]
    stretch = (len(line) - 1) / width
    return [base - relief * line[int(column * stretch)] for column in range(width)]


def _closed(ridge: list[float]) -> list[float]:
    """Return a ridge whose last value equals its first."""
    gap = ridge[-1] - ridge[0]
    return [value - gap * column / len(ridge) for column, value in enumerate(ridge)]


def _below(size: tuple[int, int], ridge: list[float]) -> Image.Image:
    width, height = size
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([*enumerate(ridge), (width, height), (0, height)], fill=255)
    return mask


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    return ImageOps.colorize(Image.linear_gradient("L").resize(size), top, bottom)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _around(left: float, top: float, radius: float) -> tuple[float, float, float, float]:
    return left - radius, top - radius, left + radius, top + radius
