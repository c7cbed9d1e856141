"""Writes one directory of a TIFF or a BigTIFF, to be appended to the file."""

import struct
from collections.abc import Sequence

from shared.imaging.formats.containers import TiffLayout
from shared.imaging.formats.tiff_directory import Directory

SHORT, LONG = 3, 4
_CODES = {SHORT: "H", LONG: "I"}


class DirectoryWriter:
    """Collects entries in any order; values that do not fit into an entry follow the file."""

    def __init__(self, data: bytes) -> None:
        self._layout = TiffLayout.of(data)
        self._order = "<" if self._layout.order == "little" else ">"
        self._offset_code, self._count_code = ("Q", "Q") if self._layout.is_big else ("I", "H")
        self._inline_bytes = struct.calcsize(f"={self._offset_code}")
        self._data = data
        self._entries: dict[int, bytes] = {}
        # Offsets of values and directories are even: TIFF 6.0, section 2.
        self._beyond = bytearray(len(data) % 2)

    def keep(self, first: Directory, tag: int) -> None:
        """Keep a field as it is stored, if it has values.

        Raises one of `BAD_OFFSET` if they are not all in the file: what is appended to the file
        would take their place.
        """
        found = first.fields.get(tag)
        if found is None or not found.count:
            return
        value = first.raw(tag)
        if len(value) < first.bytes_of(tag):
            raise struct.error(f"Expected all values of tag {tag}, got fewer.")
        is_inline = first.bytes_of(tag) <= self._inline_bytes
        self._add(tag, found.kind, found.count, value if is_inline else self._offset(found.at))

    def write(self, tag: int, kind: int, values: Sequence[int]) -> None:
        """Write a field with values of the type `SHORT` or `LONG`."""
        value = struct.pack(f"{self._order}{len(values)}{_CODES[kind]}", *values)
        if len(value) > self._inline_bytes:
            place = self._offset(len(self._data) + len(self._beyond))
            self._beyond += value + bytes(len(value) % 2)
            value = place
        self._add(tag, kind, len(values), value)

    def file(self, at: int) -> bytes:
        """Return the file with this directory instead of the one at the offset `at`.

        It is the same file if that one has exactly these entries, and no directory follows it.
        """
        listed = b"".join(self._entries[tag] for tag in sorted(self._entries))
        count = struct.pack(f"{self._order}{self._count_code}", len(self._entries))
        directory = count + listed + self._offset(0)
        if self._data.startswith(directory, at):
            return self._data
        place = self._offset(len(self._data) + len(self._beyond))
        magic_bytes = 8 if self._layout.is_big else 4
        rest = memoryview(self._data)[magic_bytes + len(place) :]
        return b"".join((self._data[:magic_bytes], place, rest, self._beyond, directory))

    def _add(self, tag: int, kind: int, count: int, value: bytes) -> None:
        head = struct.pack(f"{self._order}HH{self._offset_code}", tag, kind, count)
        self._entries[tag] = head + value.ljust(self._inline_bytes, b"\0")

    def _offset(self, number: int) -> bytes:
        return struct.pack(f"{self._order}{self._offset_code}", number)
