"""Damaged, unknown or misplaced chunks of a PNG that are not of its pixels change none of them."""

import struct
import zlib
from collections.abc import Callable

import pytest

from tests.imaging.rendering import shown
from tests.support import images
from tests.support.hand.png import chunk

pytestmark = pytest.mark.imaging

SIZE = (48, 36)
PLAIN = images.png(SIZE)
HEADER_BYTES, END_BYTES = 33, 12
Edit = Callable[[bytes], bytes]


def first(name: bytes, content: bytes) -> Edit:
    """Return an edit that puts a chunk between the header and the pixels."""
    return lambda data: data[:HEADER_BYTES] + chunk(name, content) + data[HEADER_BYTES:]


def last(name: bytes, content: bytes) -> Edit:
    """Return an edit that puts a chunk between the pixels and the end."""
    return lambda data: data[:-END_BYTES] + chunk(name, content) + data[-END_BYTES:]


def with_wrong_checksum(name: bytes, content: bytes) -> Edit:
    wrong = chunk(name, content)[:-4] + b"\0\0\0\0"
    return lambda data: data[:HEADER_BYTES] + wrong + data[HEADER_BYTES:]


EDITS: dict[str, Edit] = {
    "text with a wrong checksum": with_wrong_checksum(b"tEXt", b"Title\0picture"),
    "time with a wrong checksum": with_wrong_checksum(b"tIME", bytes(7)),
    "text without a keyword": first(b"tEXt", b"no end of a keyword"),
    "text of broken deflate": first(b"zTXt", b"Title\0\0garbage"),
    "text behind the pixels": last(b"tEXt", b"Title\0picture"),
    "profile of broken deflate": first(b"iCCP", b"broken\0\0garbage"),
    "profile of garbage": first(b"iCCP", b"broken\0\0" + zlib.compress(b"garbage" * 30)),
    "profile behind the pixels": last(b"iCCP", b"late\0\0" + zlib.compress(b"garbage" * 30)),
    "gamma of zero": first(b"gAMA", bytes(4)),
    "gamma of three bytes": first(b"gAMA", bytes(3)),
    "primaries of zero": first(b"cHRM", bytes(32)),
    "density of zero": first(b"pHYs", bytes(9)),
    "time of thirteen months": first(b"tIME", struct.pack(">HBBBBB", 2020, 13, 40, 25, 61, 61)),
    "EXIF of garbage": first(b"eXIf", b"garbage"),
    "background of too many bytes": first(b"bKGD", bytes(9)),
    "significant bits of zero": first(b"sBIT", bytes(3)),
    "unknown chunk": first(b"prVt", b"private"),
    "unknown chunk without content": last(b"prVt", b""),
    "zeros behind the end": lambda data: data + bytes(512),
    "another file behind the end": lambda data: data + images.png((9, 9)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_odd_chunk_changes_no_pixel(edit: Edit) -> None:
    odd = edit(PLAIN)

    assert odd != PLAIN
    assert shown(odd).tobytes() == shown(PLAIN).tobytes()
