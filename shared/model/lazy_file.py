"""What is known at upload of a file that is made at the first request."""

from dataclasses import dataclass

from shared.model.codec import Codec
from shared.model.recipe import Slot
from shared.model.reductions import SlotLimit


@dataclass(frozen=True, slots=True)
class LazyFile:
    """One lazy file, and the names of the variants that share it in its slot.

    Width and height are in pixels. `codec` is that of the slot; a drawing may get another, which
    the same browsers can read. `copy_of` is the name of the stored file, `<variant>.<slot>`, that
    it is a copy of, and then has that file's codec; empty for a file to render. `limit` is why the
    slot cannot have a file of its own codec.
    """

    variants: tuple[str, ...]
    slot: Slot
    codec: Codec
    width: int
    height: int
    limit: SlotLimit | None = None
    copy_of: str = ""
