"""Checks what a render child says of the lazy files of a source.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

from collections.abc import Sequence

from shared.imaging.child_protocol import VariantFrame
from shared.imaging.file_checks import check_file, require
from shared.model.lazy_file import LazyFile
from shared.model.planned_files import PlannedFile
from shared.model.recipe import Slot
from shared.model.slot_codecs import is_shared


class LazyChecks:
    """Checks the lazy files of one job: those that are no copies are all made, or none of them.

    `are_made` is whether they were.
    """

    def __init__(self) -> None:
        self._planned: tuple[PlannedFile, ...] = ()
        # By rendition: the file of its avif slot, of which its lazy slots may be copies.
        self._avif: dict[int, VariantFrame] = {}
        self.are_made = False

    def plan(self, planned: Sequence[PlannedFile]) -> None:
        """Expect these lazy files, in this order."""
        self._planned = tuple(planned)

    def note(self, planned: PlannedFile, frame: VariantFrame) -> None:
        """Remember a file that is made at upload."""
        if frame.slot is Slot.AVIF and not planned.is_lazy:
            self._avif[planned.rendition] = frame

    def to_make(self) -> tuple[PlannedFile, ...]:
        """Return the lazy files that may still be made, all of them or none.

        To be called after the last file that is not lazy: the codecs of those decide.
        """
        if self.are_made:
            return ()
        return tuple(each for each in self._planned if self._copied(each) is None)

    def make(self) -> tuple[PlannedFile, ...]:
        """Return the lazy files that are made, now that the first of them is here."""
        made = self.to_make()
        self.are_made = bool(made)
        return made

    def check(self, lazy: Sequence[LazyFile]) -> None:
        """Raise `InvalidFrame` unless these are the lazy files that were not made."""
        left = [each for each in self._planned if self._copied(each) or not self.are_made]
        require("every lazy file", len(lazy), is_met=len(lazy) == len(left))
        for file, planned in zip(lazy, left, strict=True):
            check_file(file, planned)
            copied = self._copied(planned)
            name = f"{copied.variants[0]}.{copied.slot}" if copied else ""
            require(f"a copy of {name or 'nothing'}", file.copy_of, is_met=file.copy_of == name)
            if copied:
                is_met = file.codec == copied.codec
                require(f"the codec of {name}", file.codec, is_met=is_met)

    def _copied(self, planned: PlannedFile) -> VariantFrame | None:
        """Return the file that a lazy one is a copy of; `None` if it is to be rendered."""
        avif = self._avif.get(planned.rendition)
        return avif if avif and is_shared(avif.codec, planned.slot) else None
