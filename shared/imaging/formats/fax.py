"""Removes the end of fax data, so that libtiff warns if lines are missing.

libtiff reads lines until a strip is full, and takes the end of the data (EOFB) for the end of the
strip without a warning: what is missing is white. Where it is removed, a strip that is full stays
the same, because libtiff does not read on. ITU-T T.6, section 2.4.1.1; TIFF 6.0, section 11:
https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

import re

from shared.imaging.formats.tiff_directory import (
    BAD_OFFSET,
    COMPRESSION,
    FAX_4,
    FILL_ORDER,
    NOT_COMPRESSED,
    first_directory,
)
from shared.imaging.formats.tiff_parts import parts, read_lengths

LOW_BIT_FIRST = 2
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _end_after(bits: int) -> bytes:
    """Return the pattern of EOFB, two times eleven zeros and a one, after `bits` other bits."""
    mask, value = (1 << 24) - 1, 0b000000000001_000000000001
    pattern = b""
    for at in range(4):
        shift = 8 * (3 - at)
        known = (mask << (8 - bits)) >> shift & 0xFF
        wanted = (value << (8 - bits)) >> shift & 0xFF
        fits = bytes(byte for byte in range(256) if byte & known == wanted)
        pattern += b"[" + re.escape(fits) + b"]" if known else b""
    return pattern


# Codes of lines never have eleven zeros in a row, so it is always the end.
_END = re.compile(b"|".join(map(_end_after, range(8))), re.DOTALL)


def without_end(data: bytes) -> bytes:
    """Return a TIFF of fax group 4 whose strips have zeros from the end of their data on.

    Any other file stays as it is.
    """
    try:
        first = first_directory(data)
        if first.value(COMPRESSION, NOT_COMPRESSED) != FAX_4:
            return data
        found = parts(first)
    except BAD_OFFSET:
        return data  # `refuse_what_libvips_gets_wrong` reports it
    is_reversed = first.value(FILL_ORDER, 1) == LOW_BIT_FIRST
    changed = bytearray(data)
    for at, length in zip(found.offsets, read_lengths(found, data), strict=False):
        strip = data[at : at + length]
        end = _END.search(strip.translate(_REVERSED) if is_reversed else strip)
        if end:
            # The first byte has the last bits of the lines, and only zeros of the end.
            changed[at + end.start() + 1 : at + len(strip)] = bytes(len(strip) - end.start() - 1)
    return bytes(changed)
