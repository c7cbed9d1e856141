"""Fills the slots of one rendition with the smallest files that their browsers can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.encoding.content import Content
from shared.imaging.encoding.encode import Encoder, encode, encoders_for
from shared.imaging.encoding.own_png import own_png
from shared.model.codec import Codec
from shared.model.recipe import Slot
from shared.model.reductions import SlotLimit
from shared.model.renditions import Rendition

EXACT_PNG = Encoder(Codec.PNG, is_exact=True)


@dataclass(frozen=True, slots=True)
class SlotFile:
    """The file of a slot, and the names of the variants that share it.

    `limit` is why the slot cannot have a file of its own codec.
    """

    slot: Slot
    variants: tuple[str, ...]
    codec: Codec
    data: bytes
    limit: SlotLimit | None


def fill_slots(
    content: Content,
    rendition: Rendition,
    slots: Sequence[Slot],
    *,
    background: tuple[int, int, int] | None,
    packet: bytes,
    source: bytes,
) -> Iterator[SlotFile]:
    """Encode the content's image for slots of a rendition, the fallback first, and yield each.

    A slot gets the smallest file that its browsers can read, so that none of the slots is larger
    than a later one in `Slot`'s order. The fallback of a transparent image is flattened on a
    `background`, and then fills no other slot. `packet` is the XMP of the files, `source` the file
    that the image was made from.
    """
    canvas = content.image
    tried: dict[Encoder, bytes] = {}
    for slot in slots:
        shown = _shown(canvas, slot, background)
        for encoder in _encoders(rendition, slot, shown, content):
            if encoder not in tried:
                tried[encoder] = encode(
                    shown,
                    encoder,
                    quality=rendition.quality,
                    effort=rendition.effort,
                    content=content,
                    packet=packet,
                )
        if not packet and (own := own_png(source, shown, below=min(map(len, tried.values())))):
            tried[EXACT_PNG] = own
        smallest = min(tried, key=lambda each: len(tried[each]))
        limit = rendition.limits.get(slot)
        yield SlotFile(slot, rendition.names[slot], smallest.codec, tried[smallest], limit)
        if shown is not canvas:
            tried.clear()


def own_codec(
    content: Content, rendition: Rendition, slot: Slot, background: tuple[int, int, int] | None
) -> Codec:
    """Return the codec of a slot's file, unless the image is drawn and another is smaller."""
    shown = _shown(content.image, slot, background)
    encoded_as = rendition.encoded_as(slot) or Slot.FALLBACK
    return encoders_for(encoded_as, shown, is_drawn=False)[0].codec


def _shown(
    canvas: pyvips.Image, slot: Slot, background: tuple[int, int, int] | None
) -> pyvips.Image:
    """Return what a slot shows: the canvas, which the fallback flattens on a background.

    A plainer file that stands in a better slot keeps its transparency.
    """
    if slot is not Slot.FALLBACK or background is None or not canvas.hasalpha():
        return canvas
    return canvas.flatten(background=list(background))


def _encoders(
    rendition: Rendition, slot: Slot, image: pyvips.Image, content: Content
) -> Iterator[Encoder]:
    """Yield the encoders of a slot, or of the plainer slot that stands in for it."""
    encoded_as = rendition.encoded_as(slot) or Slot.FALLBACK
    allows_exact = encoded_as is Slot.FALLBACK or rendition.allows_exact
    for encoder in encoders_for(encoded_as, image, is_drawn=allows_exact and content.is_drawn):
        yield replace(encoder, saves_memory=not rendition.allows_exact)
