"""Separates the metadata of a TIFF, and all of its directories but the first.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf; XMP: ISO 16684-3, section 5.1.5.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from shared.imaging.formats.containers import TiffLayout, tiff_directories
from shared.imaging.formats.tiff import BAD_OFFSET, MAX_TAGS, first_directory

XMP = 700
# Size, samples, compression and colours of pixels, how they are stored, and the profile: the tags
# that libtiff's decoders and libvips use.
PIXEL_TAGS = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 263, 266),
        *(273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291, 292, 293, 296),
        *(317, 318, 319, 320, 322, 323, 324, 325, 332, 334, 336, 338, 339, 340, 341, 347),
        *(529, 530, 531, 532),
        34675,
    }
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a TIFF or a BigTIFF stores the number of entries, an entry's tag, and offsets."""

    order: str
    count_code: str
    entry_bytes: int
    offset_code: str

    @classmethod
    def of(cls, data: bytes) -> "_Layout":
        layout = TiffLayout.of(data)
        order = "<" if layout.order == "little" else ">"
        return cls(order, "Q", 20, "Q") if layout.is_big else cls(order, "H", 12, "I")

    def count(self, number: int) -> bytes:
        return struct.pack(f"{self.order}{self.count_code}", number)

    def offset(self, number: int) -> bytes:
        return struct.pack(f"{self.order}{self.offset_code}", number)

    def tag(self, entry: bytes) -> int:
        return int(struct.unpack_from(f"{self.order}H", entry)[0])


def without_metadata(data: bytes) -> bytes:
    """Return the file with one directory, which has only tags of pixels, each once and in order.

    It is written over the beginning of the old one, so no offset changes. libtiff compares each
    tag with all others, and each directory with all others. A directory that libtiff refuses is
    left to it.
    """
    layout = _Layout.of(data)
    at = next(tiff_directories(data), len(data))
    entries = _raw_entries(data, at, layout)
    kept = {layout.tag(entry): entry for entry in reversed(entries)}  # the first of each tag wins
    chosen = [kept[tag] for tag in sorted(kept.keys() & PIXEL_TAGS)]
    rewritten = layout.count(len(chosen)) + b"".join(chosen) + layout.offset(0)
    if not entries or data.startswith(rewritten, at):
        return data
    view = memoryview(data)
    return b"".join((view[:at], rewritten, view[at + len(rewritten) :]))


def read_metadata(data: bytes) -> tuple[bytes, bytes]:
    """Return the file itself, which has the structure of EXIF, and its XMP."""
    try:
        return data, first_directory(data).raw(XMP)
    except BAD_OFFSET:
        return data, b""


def _raw_entries(data: bytes, at: int, layout: _Layout) -> Sequence[bytes]:
    """Return the entries of a directory as they are stored; none if it is not whole."""
    try:
        (count,) = struct.unpack_from(f"{layout.order}{layout.count_code}", data, at)
    except BAD_OFFSET:
        return ()
    start = at + len(layout.count(0))
    end = start + count * layout.entry_bytes
    if count > MAX_TAGS or end > len(data):
        return ()
    return [
        data[each : each + layout.entry_bytes] for each in range(start, end, layout.entry_bytes)
    ]
