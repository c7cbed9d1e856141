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
from shared.imaging.vips import FAILURES, translated
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
    kept = header.kept(recipe.animation)
    renditions = plan(recipe, kept.upright)
    admit(kept, limits, renditions)
    try:
        picture = load(data, kept, renditions[0].frame.resized)
        for rendition in renditions:
            picture = shrink(picture, rendition.frame.resized)
            yield from _encoded(picture, rendition, recipe)
        shown = placeholder(picture) if recipe.placeholder else None
    except FAILURES as error:
        raise translated(error, "render") from error
    # An alpha band that hid nothing was dropped when the picture was loaded.
    yield Finished(replace(header.facts, has_alpha=bool(picture.hasalpha())), shown)


def _encoded(picture: pyvips.Image, rendition: Rendition, recipe: Recipe) -> Iterator[Encoded]:
    """Encode one rendition into its slots, plainest first: no slot is bigger than the next."""
    background = recipe.background
    if rendition.is_cut:
        picture = cut(picture, rendition.frame, rendition.gravity, background)
    tried: dict[Codec, bytes] = {}
    for slot in reversed(tuple(rendition.names)):
        codec = codec_for(slot, picture, flattens=background is not None)
        if codec not in tried:
            tried[codec] = encode(
                picture,
                codec,
                quality=rendition.quality,
                effort=rendition.effort,
                background=background,
            )
        smallest = min(tried, key=lambda each: len(tried[each]))
        yield Encoded(
            variants=rendition.names[slot],
            slot=slot,
            codec=smallest,
            width=picture.width,
            height=picture.get_page_height(),
            data=tried[smallest],
        )
        if codec is Codec.JPEG and picture.hasalpha():
            tried.clear()  # flattened: another picture than the slots that keep transparency
