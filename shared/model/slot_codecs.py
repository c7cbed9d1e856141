"""Which codecs the browsers of a slot can display: a slot may hold a file of a lower one."""

from collections.abc import Mapping

from shared.model.codec import Codec
from shared.model.recipe import Slot

ANY_BROWSER = frozenset({Codec.JPEG, Codec.PNG, Codec.GIF})
READABLE: Mapping[Slot, frozenset[Codec]] = {
    Slot.FALLBACK: ANY_BROWSER,
    Slot.WEBP: ANY_BROWSER | {Codec.WEBP},
    Slot.AVIF: ANY_BROWSER | {Codec.WEBP, Codec.AVIF},
}


def is_shared(codec: Codec | None, slot: Slot) -> bool:
    """Return whether a lazy slot of a rendition is a copy of the file in its eager avif slot.

    `codec` is that file's; `None` if the rendition has none. The file is then the smallest that
    was made, and there is nothing to render. The fallback is never a copy: it may be flattened.
    """
    return slot is Slot.WEBP and codec in READABLE[slot]
