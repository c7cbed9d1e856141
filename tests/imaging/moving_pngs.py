"""Small animated PNGs of frames of one colour, and what is rendered of them."""

from collections.abc import Sequence

from shared.imaging.render import Encoded, Finished, render
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.imaging.rendering import opened
from tests.support.hand.apng import Frame

SIZE = (7, 5)
RED, GREEN, BLUE = (200, 60, 40, 255), (30, 200, 30, 255), (30, 30, 220, 255)


def one_colour(
    colour: Sequence[int], size: tuple[int, int] = SIZE, *, at: tuple[int, int] = (0, 0)
) -> Frame:
    """Return a frame of one colour."""
    return Frame(bytes(colour) * size[0] * size[1], *size, *at)


MOVES = [one_colour(RED), one_colour(GREEN), one_colour(BLUE)]
# A default image that is no frame.
HIDDEN = one_colour(GREEN)
RECIPE = Recipe("one", (Variant("full", (Slot.FALLBACK,)),))


def facts_and_first(data: bytes, recipe: Recipe) -> tuple[int, tuple[int, ...]]:
    """Return the frames of the manifest, and a pixel of the fallback's first frame."""
    *files, finished = render(data, recipe, Limits())
    assert isinstance(finished, Finished)
    (file,) = files
    assert isinstance(file, Encoded)
    pixel = opened(file).convert("RGBA").getpixel((3, 2))
    assert isinstance(pixel, tuple)
    return finished.facts.frames, pixel
