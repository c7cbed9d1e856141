"""One source to all its variants: decode once, each rung from the next larger, then encode."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.credit import read_credit
from shared.imaging.crop import cut
from shared.imaging.encode import codec_for, encode
from shared.imaging.intake.cost_limits import check_cost
from shared.imaging.intake.memory_cost import SOURCE_COPIES
from shared.imaging.intake.probe import probe
from shared.imaging.load import load
from shared.imaging.placeholder import placeholder
from shared.imaging.vips import FAILURES, translated
from shared.imaging.watermark import read_overlay
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import Codec, Recipe, Slot
from shared.model.renditions import Rendition, plan_renditions


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


def render(
    data: bytes,
    recipe: Recipe,
    limits: Limits,
    *,
    focal: Focal | None = None,
    watermark: bytes = b"",
) -> Iterator[Encoded | Finished]:
    """Yield each file as soon as it is encoded and `Finished` last, or raise a `Failure`.

    `focal` is the source's focal point, `mark` the file of the recipe's watermark.
    """
    header = probe(data)
    kept = header.for_recipe(recipe.animation, recipe.caps)
    renditions = plan_renditions(recipe, kept.upright, frames=kept.frames, focal=focal)
    overlay = read_overlay(recipe.watermark, watermark, renditions)
    beside_bytes = SOURCE_COPIES * len(data) + overlay.memory_cost_bytes(kept.frames)
    check_cost(kept, limits, renditions, beside_bytes=beside_bytes)
    try:
        packet = read_credit(data, kept.format, recipe.metadata).packet
        overlay = overlay.decoded()
        held = load(data, kept, renditions[0].fitted.resized)
        for rendition in renditions:
            held = held.shrunk(rendition.fitted.resized)
            picture = held.to_srgb()
            # What is cut off or drawn upon here is a copy: the next rung knows nothing of it.
            canvas = cut(picture, rendition, recipe.background)
            yield from _encoded(overlay.on(canvas), rendition, recipe.background, packet)
        shown = placeholder(picture, recipe.background) if recipe.placeholder else None
    except FAILURES as error:
        raise translated(error, "render") from error
    # An alpha band that hid nothing was dropped when the picture was loaded.
    yield Finished(replace(header.facts, has_alpha=bool(picture.hasalpha())), shown)


def _encoded(
    canvas: pyvips.Image,
    rendition: Rendition,
    background: tuple[int, int, int] | None,
    packet: bytes,
) -> Iterator[Encoded]:
    """Encode one rendition into its slots, plainest first: no slot is bigger than the next."""
    tried: dict[Codec, bytes] = {}
    for slot in reversed(tuple(rendition.names)):
        codec = codec_for(slot, canvas, flattens=background is not None)
        if codec not in tried:
            tried[codec] = encode(
                canvas,
                codec,
                quality=rendition.quality,
                effort=rendition.effort,
                background=background,
                packet=packet,
            )
        smallest = min(tried, key=lambda each: len(tried[each]))
        yield Encoded(
            variants=rendition.names[slot],
            slot=slot,
            codec=smallest,
            width=canvas.width,
            height=canvas.get_page_height(),
            data=tried[smallest],
        )
        if codec is Codec.JPEG and canvas.hasalpha():
            tried.clear()  # flattened: another picture than the slots that keep transparency
