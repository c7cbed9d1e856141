"""Refuses varieties of the rendered formats that no decoder here reads, or that it shows wrongly.

For TIFF, `formats.tiff` does so.
"""

import struct
import zlib
from collections.abc import Callable

from shared.imaging.formats.containers import CHECKSUM_BYTES, PNG_SIGNATURE_BYTES
from shared.imaging.formats.heif_boxes import has_still_image
from shared.imaging.formats.heif_properties import BROKEN, primary_properties
from shared.model.errors import UnsupportedFormat

STAGE = "probe"
# PNG, third edition, section 11.2.1: the bits of a sample by colour type.
PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# The name, the sides, depth and colour type, and the checksum: a chunk's length is before it.
PNG_HEADER, PNG_HEADER_AT = struct.Struct(">4sIIBB3xI"), PNG_SIGNATURE_BYTES + 4
# https://aomediacodec.github.io/av1-avif/, section 2.3.2: the operating point, where 0 is the
# whole picture, and the layer, where this number stands for all.
OPERATING_POINT, LAYER, ALL_LAYERS = b"a1op", b"lsel", 0xFFFF


def refuse_unread_varieties(name: str, data: bytes) -> None:
    """Raise `UnsupportedFormat` for a file of the named format that cannot be read."""
    check = _CHECKS.get(name)
    found = check(data) if check else ""
    if found:
        raise UnsupportedFormat(
            f"Expected {name.upper()} that its decoder can read, got {found}.", stage=STAGE
        )


def _png_variety(data: bytes) -> str:
    """Name a depth that does not exist, if its writer meant it: its checksum is right."""
    end = PNG_HEADER_AT + PNG_HEADER.size
    if len(data) < end or data[PNG_HEADER_AT : PNG_HEADER_AT + 4] != b"IHDR":
        return ""
    *_, bits, colour, checksum = PNG_HEADER.unpack_from(data, PNG_HEADER_AT)
    is_meant = zlib.crc32(data[PNG_HEADER_AT : end - CHECKSUM_BYTES]) == checksum
    is_odd = bits not in PNG_DEPTHS.get(colour, (bits,)) and is_meant
    return f"samples of {bits} bits" if is_odd else ""


def _heif_variety(data: bytes) -> str:
    return "" if has_still_image(data) else "an image sequence without a still image"


def _avif_variety(data: bytes) -> str:
    return _heif_variety(data) or ("one layer of several" if _selects_layer(data) else "")


def _selects_layer(data: bytes) -> bool:
    """Return whether the primary image is some of the layers; libheif shows all of them."""
    try:
        properties = primary_properties(data)
    except BROKEN:
        return False  # the decoder reports what is wrong
    for _, box in properties:
        value = data[box.start : box.end]
        if box.kind == OPERATING_POINT and value[:1] not in (b"", b"\0"):
            return True
        if box.kind == LAYER and value[:2] not in (b"", ALL_LAYERS.to_bytes(2, "big")):
            return True
    return False


_CHECKS: dict[str, Callable[[bytes], str]] = {
    "avif": _avif_variety,
    "heic": _heif_variety,
    "png": _png_variety,
}
