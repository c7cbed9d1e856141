"""Renders a golden case, and compares the files with it."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from PIL import Image, ImageChops, ImageSequence, ImageStat

from shared.imaging.encoding import slots
from shared.imaging.encoding.content import Content
from shared.imaging.render import Encoded, render
from shared.model.codec import Codec
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.recipe import Slot
from shared.model.recipe_reader import read_recipes
from tests.imaging.rendering import near

FOLDER = Path(__file__).parent / "goldens"
# Nearly lossless, so that differences come from the engine and not from an encoder.
QUALITY = {"avif": 95, "webp": 100, "jpeg": 100}
# The codec of each slot. The golden image is taken from the last.
STILL = {Slot.AVIF: Codec.AVIF, Slot.WEBP: Codec.WEBP, Slot.FALLBACK: Codec.JPEG}
CLEAR = {**STILL, Slot.FALLBACK: Codec.PNG}
ANIMATED = {Slot.AVIF: Codec.WEBP, Slot.WEBP: Codec.WEBP, Slot.FALLBACK: Codec.GIF}
# The codec of the exact file that may take the place of a lossy one.
EXACT = {Codec.AVIF: Codec.WEBP, Codec.JPEG: Codec.PNG}
# Mean levels of 255 by which a file may differ from a golden of its own codec, and from one of
# another. Another effort of the encoder changes it by 0.37 at most.
BOUND_OF_SAME, BOUND_OF_OTHER = 0.6, 1.7
# A GIF's colours are approximated, so a golden GIF differs more from an exact file.
BOUND_OF_EXACT_AND_GIF = 5.0
# WebP keeps a quarter of the colours. If it differs by more levels, it has its own golden image.
OWN_FROM = 1.0
PROBE_TOLERANCE = 8

Colour = tuple[int, ...]

# Shared by most cases.
SIZE, SQUARE = (64, 48), (48, 48)
SHRUNK: Mapping[str, object] = {"variants": [{"widths": [64]}]}
NOTHING: Colour = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Probe:
    """The expected colour of one pixel: RGB or RGBA. If alpha is 0, only alpha is compared."""

    at: tuple[int, int]
    colour: Colour
    frame: int = 0
    tolerance: int = PROBE_TOLERANCE


@dataclass(frozen=True, slots=True)
class Case:
    """A source, a recipe document, and the pixels that are expected.

    The smallest variant is compared, in each slot of `codecs`. Cases with the same expected image
    share a `picture`.
    """

    name: str
    source: Callable[[], bytes]
    size: tuple[int, int]
    probes: Sequence[Probe]
    recipe: Mapping[str, object]
    codecs: Mapping[Slot, Codec] = field(default_factory=lambda: STILL)
    frames: int = 1
    focal: Focal | None = None
    watermark: Callable[[], bytes] = bytes
    picture: str = ""

    @property
    def golden(self) -> Path:
        """Return the path of the golden image, of the codec of the last slot."""
        return FOLDER / f"{self.picture or self.name}.png"

    @property
    def webp_golden(self) -> Path:
        """Return the path of the golden image for WebP, which may not exist."""
        return self.golden.with_stem(f"{self.golden.stem}-webp")


def quarters(*colours: Colour, size: tuple[int, int] = SIZE, frame: int = 0) -> list[Probe]:
    """Expect a colour in the middle of each quarter: top left, top right, then the bottom."""
    across, down = size[0] // 4, size[1] // 4
    places = [(x * across, y * down) for y in (1, 3) for x in (1, 3)]
    return [Probe(place, colour, frame) for place, colour in zip(places, colours, strict=True)]


def boxed(fit: str, **said: object) -> dict[str, object]:
    """Return a recipe with one variant, 48 by 48 pixels."""
    return {"variants": [{"name": "sq", "width": 48, "height": 48, "fit": fit, **said}]}


@dataclass(frozen=True, slots=True)
class Shot:
    """One rendered file as another library reads it: RGBA frames."""

    slot: Slot
    codec: Codec
    said: tuple[int, int]
    frames: tuple[Image.Image, ...]
    is_drawn: bool

    @property
    def strip(self) -> Image.Image:
        """Return all frames, one below the other."""
        width, height = self.frames[0].size
        strip = Image.new("RGBA", (width, height * len(self.frames)))
        for at, frame in enumerate(self.frames):
            strip.paste(frame, (0, at * height))
        return strip


def shots(case: Case) -> Iterator[Shot]:
    """Render a case once per slot, so that no slot takes the smaller file of another.

    The pictures are rendered as if they were photographs: an exact file would be smaller, and no
    lossy encoder would be tested.
    """
    is_photograph = patch.object(Content, "is_drawn", new=False)
    with is_photograph, patch.object(slots, "own_png", return_value=None):
        yield from _shots(case, is_drawn=False)


def drawn_shots(case: Case) -> Iterator[Shot]:
    """Render a case once per slot as it is: a drawing has exact files."""
    yield from _shots(case, is_drawn=True)


def _shots(case: Case, *, is_drawn: bool) -> Iterator[Shot]:
    source, watermark = case.source(), case.watermark()
    for slot in case.codecs:
        file, frames = _shot(case, slot, source, watermark)
        yield Shot(slot, file.codec, (file.width, file.height), frames, is_drawn)


def _shot(
    case: Case, slot: Slot, source: bytes, watermark: bytes
) -> tuple[Encoded, tuple[Image.Image, ...]]:
    variants = case.recipe["variants"]
    assert isinstance(variants, list)
    entry = {
        "name": "golden",
        "placeholder": False,
        "quality": QUALITY,
        **case.recipe,
        "variants": [{**each, "formats": [slot.value]} for each in variants],
    }
    (recipe,) = read_recipes({"version": 1, "recipes": [entry]}).recipes
    results = render(source, recipe, Limits(), focal=case.focal, watermark=watermark)
    *_, file = (each for each in results if isinstance(each, Encoded))
    picture = Image.open(io.BytesIO(file.data))
    assert Image.MIME[str(picture.format)] == file.codec.content_type
    frames = tuple(frame.convert("RGBA") for frame in ImageSequence.Iterator(picture))
    return file, frames


def contradictions(case: Case, shot: Shot) -> list[str]:
    """Return how a file differs from the pixels that its case expects."""
    shape = (shot.said, shot.frames[0].size, len(shot.frames))
    wanted = (case.size, case.size, case.frames)
    own = case.codecs[shot.slot]
    codecs = {own, EXACT.get(own, own)} if shot.is_drawn else {own}
    if shape != wanted or shot.codec not in codecs:
        return [f"{shot.slot}: expected {wanted}, {codecs}, got {shape}, {shot.codec}"]
    found = []
    for probe in case.probes:
        pixel = shot.frames[probe.frame].getpixel(probe.at)
        assert isinstance(pixel, tuple)
        said = (*probe.colour, 255)[:4]
        is_right = pixel[3] <= 2 if said[3] == 0 else near(pixel, said, probe.tolerance)
        if not is_right:
            found.append(f"{shot.slot}: expected {probe}, got {pixel}")
    return found


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two RGBA pictures of one size, in levels of 255.

    Colours are weighted by alpha, because the colour of a transparent pixel is invisible.
    """
    first, second = (
        Image.frombytes("RGBA", each.size, each.convert("RGBa").tobytes()) for each in (one, other)
    )
    bands = ImageChops.difference(first, second).split()
    *colours, alpha = (ImageStat.Stat(band).mean[0] for band in bands)
    return max(sum(colours) / len(colours), alpha)


def change(case: Case, shot: Shot) -> str:
    """Return how a file differs from its golden image; empty if it does not."""
    is_lossy_webp = shot.codec is Codec.WEBP and not shot.is_drawn
    has_own = is_lossy_webp and case.webp_golden.exists()
    path = case.webp_golden if has_own else case.golden
    last = [*case.codecs.values()][-1]
    is_same = has_own or shot.codec is last
    golden, strip = Image.open(path).convert("RGBA"), shot.strip
    if strip.size != golden.size:
        return f"{shot.slot}: expected {golden.size}, got {strip.size}"
    found, bound = difference(strip, golden), BOUND_OF_SAME if is_same else BOUND_OF_OTHER
    if shot.is_drawn and last is Codec.GIF:
        bound = BOUND_OF_EXACT_AND_GIF
    return "" if found <= bound else f"{shot.slot}: {found:.2f} levels from {path.name}"


def write_goldens(case: Case, taken: Sequence[Shot]) -> None:
    """Write the golden image of the last slot, and WebP's if it differs too much."""
    case.golden.parent.mkdir(exist_ok=True)
    case.webp_golden.unlink(missing_ok=True)
    last = taken[-1].strip
    _save(last, case.golden)
    for shot in taken:
        if shot.codec is Codec.WEBP and difference(shot.strip, last) > OWN_FROM:
            _save(shot.strip, case.webp_golden)


def _save(strip: Image.Image, path: Path) -> None:
    is_opaque = strip.getchannel("A").getextrema() == (255, 255)
    (strip.convert("RGB") if is_opaque else strip).save(path, optimize=True)
