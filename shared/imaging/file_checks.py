"""Checks what a render child says of one file against the plan.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

from shared.imaging.child_frames import InvalidFrame
from shared.imaging.child_protocol import VariantFrame
from shared.model.geometry import Size
from shared.model.lazy_file import LazyFile
from shared.model.planned_files import PlannedFile
from shared.model.recipe import Slot
from shared.model.reductions import SlotLimit
from shared.model.slot_codecs import READABLE
from shared.text import excerpt


def require(wanted: str, found: object, *, is_met: bool) -> None:
    """Raise `InvalidFrame` unless a requirement is met."""
    if not is_met:
        raise InvalidFrame(f"Expected {wanted}, got {excerpt(found)}.")


def check_file(said: VariantFrame | LazyFile, planned: PlannedFile) -> None:
    """Raise `InvalidFrame` unless the plan allows what is said of a file."""
    named, wanted = (said.variants, said.slot), (planned.variants, planned.slot)
    require(f"the file of {excerpt(wanted)}", named, is_met=named == wanted)
    size = Size(said.width, said.height)
    require(f"{planned.size}", size, is_met=size == planned.size)
    require(f"a codec of {said.slot}", said.codec, is_met=said.codec in READABLE[said.slot])
    require("a limit of the slot", said.limit, is_met=said.limit in _limits(planned))


def _limits(planned: PlannedFile) -> set[SlotLimit | None]:
    """Return what may keep a slot from its own codec; nothing keeps the fallback from its own."""
    if planned.limit or planned.slot is Slot.FALLBACK:
        return {planned.limit}
    return {None, SlotLimit.MEMORY}
