"""One source to all its variants: decode once, each rung from the next larger, then encode."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.admit import admit
from shared.imaging.encode import codec_for, encode
from shared.imaging.load import load
from shared.imaging.placeholder import placeholder
from shared.imaging.probe import probe
from shared.imaging.resize import cut, shrink
from shared.imaging.vips import translated
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.plan import Rendition, plan
from shared.model.recipe import Codec, Recipe, Slot


@dataclass(frozen=True, slots=True)
class Encoded:
    """One finished file and the variants that it is stored under, all in one slot."""

    variants: tuple[str, ...]
    slot: Slot
    codec: Codec
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a render."""

    facts: SourceFacts
    placeholder: Placeholder | None


def render(data: bytes, recipe: Recipe, limits: Limits) -> Iterator[Encoded | Finished]:
    """Yield each file as soon as it is encoded and `Finished` last, or raise a `Failure`."""
    header = probe(data)
    renditions = plan(recipe, header.upright)
    admit(header, limits, renditions[0].frame.resized.pixels)
    try:
        picture = load(data, header, renditions[0].frame.resized, recipe.animation)
        for rendition in renditions:
            picture = shrink(picture, rendition.frame.resized)
            yield from _encoded(picture, rendition, recipe)
        shown = placeholder(picture) if recipe.placeholder else None
    except pyvips.Error as error:
        raise translated(error, "render") from error
    # An alpha band that hid nothing was dropped when the picture was loaded.
    yield Finished(replace(header.facts, has_alpha=bool(picture.hasalpha())), shown)


def _encoded(picture: pyvips.Image, rendition: Rendition, recipe: Recipe) -> Iterator[Encoded]:
    """Encode one rendition into its slots, plainest first: no slot is bigger than the next."""
    background = recipe.background
    if rendition.is_cut:
        picture = cut(picture, rendition.frame, rendition.gravity, background)
    smallest: tuple[Codec, bytes] | None = None
    for slot in reversed(tuple(rendition.names)):
        codec = codec_for(slot, picture, flattens=background is not None)
        if smallest is None or codec is not smallest[0]:
            data = encode(
                picture,
                codec,
                quality=rendition.quality,
                effort=rendition.effort,
                background=background,
            )
            if smallest is None or len(data) < len(smallest[1]):
                smallest = codec, data
        yield Encoded(
            variants=rendition.names[slot],
            slot=slot,
            codec=smallest[0],
            width=picture.width,
            height=picture.get_page_height(),
            data=smallest[1],
        )
        if codec is Codec.JPEG and picture.hasalpha():
            smallest = None  # flattened: another picture than the slots that keep transparency
