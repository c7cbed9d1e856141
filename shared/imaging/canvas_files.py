"""Makes the files of a canvas, and describes those that are made at the first request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.imaging.canvases import Canvas
from shared.imaging.encoding.slots import SlotFile, fill_slots, own_codec
from shared.model.lazy_file import LazyFile
from shared.model.recipe import Slot
from shared.model.slot_codecs import is_shared


@dataclass(frozen=True, slots=True)
class CanvasFiles:
    """Makes the files of any canvas of one source.

    `background` is the recipe's, `packet` the XMP of the files, `source` the source's file.
    """

    background: tuple[int, int, int] | None
    packet: bytes
    source: bytes

    def eager(self, canvas: Canvas) -> Iterator[SlotFile]:
        """Yield the files that are made at upload, as soon as each is encoded."""
        return self._filled(canvas, canvas.rendition.eager_slots)

    def one(self, canvas: Canvas, slot: Slot) -> SlotFile:
        """Return the file of one slot, lazy or not, and encode what it is compared with only."""
        *_, wanted = self._filled(canvas, canvas.rendition.compared_for(slot))
        return wanted

    def described(self, canvas: Canvas, avif: SlotFile | None) -> Iterator[LazyFile]:
        """Yield what is known of the lazy files; `avif` is the file that was made for that slot.

        A lazy slot whose browsers can read it is a copy of it.
        """
        rendition, image = canvas.rendition, canvas.image
        for slot in rendition.lazy_slots:
            copied = avif if avif and is_shared(avif.codec, slot) else None
            own = own_codec(canvas.content, rendition, slot, self.background)
            yield LazyFile(
                rendition.names[slot],
                slot,
                copied.codec if copied else own,
                image.width,
                image.get_page_height(),
                rendition.limits.get(slot),
                f"{copied.variants[0]}.{copied.slot}" if copied else "",
            )

    def _filled(self, canvas: Canvas, slots: Sequence[Slot]) -> Iterator[SlotFile]:
        return fill_slots(
            canvas.content,
            canvas.rendition,
            slots,
            background=self.background,
            packet=self.packet,
            source=self.source,
        )
