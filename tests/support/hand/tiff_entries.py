"""TIFF entry by entry, so that each can have the type, count and place that a test needs."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, DOUBLE = 1, 2, 3, 4, 5, 7, 12
HEADER_BYTES = 8
SIDE = 16
COLOUR = (200, 60, 40)
PIXELS = bytes(COLOUR) * (SIDE * SIDE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a little-endian directory; `content` is the value, however long."""

    tag: int
    kind: int
    count: int
    content: bytes


def shorts(tag: int, *values: int) -> Entry:
    return Entry(tag, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def longs(tag: int, *values: int) -> Entry:
    return Entry(tag, LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def text(tag: int, content: bytes) -> Entry:
    """Return a text as it is, with or without the NUL that should end it."""
    return Entry(tag, ASCII, len(content), content)


def plain() -> Mapping[int, Entry]:
    """Return the entries of `PIXELS`: RGB, not compressed, one strip behind the header."""
    entries = (
        longs(256, SIDE),
        longs(257, SIDE),
        shorts(258, 8, 8, 8),
        shorts(259, 1),
        shorts(262, 2),
        longs(273, HEADER_BYTES),
        shorts(277, 3),
        longs(278, SIDE),
        longs(279, len(PIXELS)),
    )
    return {entry.tag: entry for entry in entries}


def stored(entries: Iterable[Entry], body: bytes = PIXELS, *, then: int = 0) -> bytes:
    """Return a file of `body` and one directory, whose entries keep their order.

    `then` is the offset of the next directory.
    """
    listed = list(entries)
    body += bytes(len(body) % 2)
    at = HEADER_BYTES + len(body)
    after, rows, beyond = at + 2 + 12 * len(listed) + 4, b"", b""
    for entry in listed:
        value = entry.content.ljust(4, b"\0")
        if len(value) > 4:
            value, beyond = struct.pack("<I", after + len(beyond)), beyond + value
        rows += struct.pack("<HHI", entry.tag, entry.kind, entry.count) + value
    directory = struct.pack("<H", len(listed)) + rows + struct.pack("<I", then)
    return b"II*\0" + struct.pack("<I", at) + body + directory + beyond


def with_entries(*entries: Entry, without: Iterable[int] = (), body: bytes = PIXELS) -> bytes:
    """Return the plain file with some entries added or replaced, and others left out."""
    named = {**plain(), **{entry.tag: entry for entry in entries}}
    return stored((named[tag] for tag in sorted(named.keys() - set(without))), body)
