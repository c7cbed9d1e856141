"""Renders a source in this process and opens the results."""

import io

import pytest
from PIL import Image

from shared.imaging.render import Encoded, Finished, render
from shared.model.codec import Codec
from shared.model.errors import Failure
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant

ALL_SLOTS = (Slot.AVIF, Slot.WEBP, Slot.FALLBACK)
BEST: dict[str, int] = {Codec.JPEG: 100, Codec.WEBP: 100, Codec.AVIF: 95}
# The source's own size, so that only formats and colours are tested.
EXACT = Recipe("exact", (Variant("full", (Slot.FALLBACK,), quality=BEST),), placeholder=False)


def pictures(data: bytes, slots: tuple[Slot, ...] = ALL_SLOTS) -> list[Encoded]:
    """Return the source at its own size in every slot."""
    recipe = Recipe("all", (Variant("full", slots, quality=BEST),), placeholder=False)
    *files, finished = render(data, recipe, Limits())
    assert isinstance(finished, Finished)
    return [each for each in files if isinstance(each, Encoded)]


def opened(file: Encoded) -> Image.Image:
    """Return a file as a second library reads it."""
    picture = Image.open(io.BytesIO(file.data))
    picture.load()
    return picture


def shown(data: bytes) -> Image.Image:
    """Return the fallback of a source, with alpha unless it is opaque."""
    (file,) = pictures(data, (Slot.FALLBACK,))
    picture = opened(file)
    if "A" not in picture.getbands():
        picture = picture.convert("RGBA")  # a palette may have transparent colours
        if picture.getchannel("A").getextrema() == (255, 255):
            return picture.convert("RGB")
    return picture.convert("RGBA")


def colour(data: bytes, at: tuple[int, int] = (1, 1)) -> tuple[int, ...]:
    """Return one pixel of the rendered source."""
    pixel = shown(data).getpixel(at)
    assert isinstance(pixel, tuple)
    return pixel


def near(found: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 2) -> bool:
    """Return whether every band is within the tolerance."""
    return len(found) == len(wanted) and all(
        abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True)
    )


def refused(data: bytes) -> Failure:
    """Return why a source was refused."""
    with pytest.raises(Failure) as caught:
        list(render(data, EXACT, Limits()))
    return caught.value
