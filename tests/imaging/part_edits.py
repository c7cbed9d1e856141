"""Edits of chunks, segments, boxes, blocks and directory entries that keep the rest of a file.

`where`, a share of the file in 65,536ths, says which part is edited; the bits of `value` say how.
The chunks of a PNG get valid checksums, so that they are read.
"""

import zlib
from collections.abc import Callable
from typing import Literal

from tests.imaging.parts import byte_order, parts

WHERE = 1 << 16
AWKWARD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 1 << 16, 1 << 24)
LARGEST = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
EXTREMES = (*AWKWARD, *LARGEST, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
NUMBER_BYTES = (1, 2, 4, 8)
FIELDS_BYTES = 48  # of the start of a part: all of its header, as a rule
PNG, GIF, JPEG = b"\x89PNG", b"GIF8", b"\xff\xd8"
CHUNK_BYTES = 12
PRIVATE_TAG, JPEG_COMMENT = 65_000, b"\xff\xfe"

Order = Literal["big", "little"]


def share_of(where: int, end: int) -> int:
    """Return an offset before `end`, at a share in 65,536ths."""
    return where * max(0, end) // WHERE


def swapped(data: bytes, where: int, value: int) -> bytes:
    """Exchange two parts."""
    found = parts(data)
    one, other = share_of(where, len(found)), value % len(found)
    found[one], found[other] = found[other], found[one]
    return b"".join(found)


def doubled(data: bytes, where: int, value: int) -> bytes:
    """Put a second copy of one part somewhere."""
    found = parts(data)
    found.insert(value % len(found), found[share_of(where, len(found))])
    return b"".join(found)


def dropped(data: bytes, where: int, _value: int) -> bytes:
    """Remove one part."""
    found = parts(data)
    del found[share_of(where, len(found))]
    return b"".join(found)


def hidden(data: bytes, where: int, _value: int) -> bytes:
    """Name one part so that readers ignore it: all offsets and lengths stay right."""
    at, name = _name_to_ignore(data)
    return _edited(data, where, lambda part: part[:at] + name + part[at + len(name) :])


def damaged(data: bytes, where: int, value: int) -> bytes:
    """Flip a bit of one part."""
    bit, place = value % 8, value >> 3 & 0xFFFF

    def flipped(part: bytes) -> bytes:
        at = share_of(place, len(part))
        return part[:at] + bytes([part[at] ^ 1 << bit]) + part[at + 1 :]

    return _edited(data, where, flipped)


def with_an_extreme_number(data: bytes, where: int, value: int) -> bytes:
    """Write an extreme number of 1, 2, 4 or 8 bytes into the first bytes of one part."""
    number = EXTREMES[value % len(EXTREMES)]
    size, share = NUMBER_BYTES[value >> 5 & 3], value >> 7 & 0xFFF
    order = byte_order(data)

    def written(part: bytes) -> bytes:
        at = share * min(len(part), FIELDS_BYTES) >> 12
        return _with_number(part, at, size, number, order)

    return _edited(data, where, written)


def with_another_length(data: bytes, where: int, value: int) -> bytes:
    """Change the declared length of one part by little, by half, or to an extreme number."""
    at, size = _length_field(data)
    order = byte_order(data)

    def lengthened(part: bytes) -> bytes:
        length = int.from_bytes(part[at : at + size], order)
        step = 1 + (value >> 3 & 7)
        extreme = EXTREMES[value >> 3 & 0xF]
        changed = (length + step, length - step, length * 2, length // 2, extreme)[value % 5]
        return _with_number(part, at, size, changed, order)

    return _edited(data, where, lengthened)


def resized(data: bytes, where: int, value: int) -> bytes:
    """Shorten or lengthen the content of one part, and its declared length with it."""
    at, size = _length_field(data)
    order = byte_order(data)

    def changed(part: bytes) -> bytes:
        length = int.from_bytes(part[at : at + size], order)
        step = min(1 + (value >> 1 & 0x3F), len(part))
        if value & 1:
            return _with_number(part + bytes(step), at, size, length + step, order)
        return _with_number(part[: len(part) - step], at, size, length - step, order)

    return _edited(data, where, changed)


def with_a_part_of(data: bytes, other: bytes, where: int, value: int) -> bytes:
    """Put a part of another file between the parts of this one."""
    found, donated = parts(data), parts(other)
    found.insert(share_of(where, len(found) + 1), donated[value % len(donated)])
    return b"".join(found)


def with_a_part_replaced_by_one_of(data: bytes, other: bytes, where: int, value: int) -> bytes:
    """Replace a part by one of another file."""
    found, donated = parts(data), parts(other)
    found[share_of(where, len(found))] = donated[value % len(donated)]
    return b"".join(found)


def _edited(data: bytes, where: int, edit: Callable[[bytes], bytes]) -> bytes:
    found = parts(data)
    at = share_of(where, len(found))
    part = edit(found[at])
    if data.startswith(PNG) and len(part) > CHUNK_BYTES:
        part = part[:-4] + zlib.crc32(part[4:-4]).to_bytes(4, "big")
    found[at] = part
    return b"".join(found)


def _with_number(part: bytes, at: int, size: int, number: int, order: Order) -> bytes:
    if at >= len(part):
        return part
    return part[:at] + (number % (1 << 8 * size)).to_bytes(size, order) + part[at + size :]


def _length_field(data: bytes) -> tuple[int, int]:
    """Return where in a part its length is, and of how many bytes it is."""
    if data.startswith(b"RIFF"):
        return 4, 4
    if data.startswith(JPEG):
        return 2, 2
    if data.startswith(GIF):
        return 2, 1
    if data.startswith((b"II", b"MM")):
        return 4, 4  # the number of values
    if data.startswith(b"BM"):
        return 0, 1  # of a run
    return 0, 4  # a PNG chunk, and a box


def _name_to_ignore(data: bytes) -> tuple[int, bytes]:
    """Return where in a part its name is, and one that readers ignore."""
    if data.startswith(b"RIFF"):
        return 0, b"JUNK"
    if data.startswith(JPEG):
        return 0, JPEG_COMMENT
    if data.startswith(GIF):
        return 1, b"\xfe"  # a comment, if the part is an extension
    if data.startswith((b"II", b"MM")):
        return 0, PRIVATE_TAG.to_bytes(2, byte_order(data))
    return 4, b"teSt" if data.startswith(PNG) else b"free"
