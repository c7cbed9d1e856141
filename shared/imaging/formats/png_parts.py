"""Takes a PNG apart and writes it again: https://www.w3.org/TR/png-3/, section 5."""

import struct
import zlib
from collections.abc import Collection
from dataclasses import dataclass

from shared.imaging.formats.containers import png_chunks

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER, PIXELS, END = b"IHDR", b"IDAT", b"IEND"
Chunk = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class PngParts:
    """The data of a PNG's chunks: IHDR, those between it and the pixels, and all IDAT together."""

    header: bytes
    others: tuple[Chunk, ...]
    pixels: bytes

    @classmethod
    def of(
        cls, png: bytes, *, without: Collection[bytes] = (), only: Collection[bytes] = ()
    ) -> "PngParts":
        """Read a PNG; of the other chunks, all but `without`, or the first of each of `only`."""
        header, pixels, others = b"", [], dict[bytes, bytes]()
        for kind, start, size in png_chunks(png):
            data = png[start : start + size]
            if kind == END:
                break
            if kind == PIXELS:
                pixels.append(data)
            elif kind == HEADER:
                header = header or data
            elif kind not in without and (not only or kind in only):
                others.setdefault(kind, data)
        return cls(header, tuple(others.items()), b"".join(pixels))

    def written(self) -> bytes:
        """Return the file, with the pixels in one chunk."""
        chunks = ((HEADER, self.header), *self.others, (PIXELS, self.pixels), (END, b""))
        return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
