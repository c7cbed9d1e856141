"""Reads and changes the needed libraries and the symbols of an ELF file.

Only 64-bit little-endian files, as on both of Lambda's architectures: man 5 elf.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.package.problem import BadPackage

MAGIC = b"\x7fELF\x02\x01"
LOADED, DYNAMIC = 1, 2  # PT_LOAD, PT_DYNAMIC
END, NEEDED, STRINGS, SYMBOLS = 0, 1, 5, 6  # DT_NULL, DT_NEEDED, DT_STRTAB, DT_SYMTAB
# Tags of the address and the size of each table of relocations: DT_RELA and DT_RELASZ, DT_JMPREL
# and DT_PLTRELSZ. Both architectures have relocations with an addend only.
RELOCATIONS = ((7, 8), (23, 2))
WEAK = 2  # STB_WEAK
SEGMENT = struct.Struct("<IIQQQQQQ")
ENTRY = struct.Struct("<qQ")
VALUE = struct.Struct("<Q")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")


@dataclass(frozen=True, slots=True)
class Need:
    """A needed library; `position` is where the file has the offset of its name."""

    name: str
    position: int
    offset: int


def is_elf(data: bytes) -> bool:
    """Return whether this module can read the file."""
    return data.startswith(MAGIC)


def needs(data: bytes) -> tuple[Need, ...]:
    """Return the libraries that a library needs, in its order."""
    return tuple(
        Need(_text(data, _table(data, STRINGS) + value), position + ENTRY.size - VALUE.size, value)
        for position, tag, value in _dynamic(data)
        if tag == NEEDED
    )


def without_need(data: bytes, prefix: str) -> bytes:
    """Return a library that does not need the one whose name begins with `prefix`.

    The entry is replaced by a second entry for another needed library, which the loader loads
    once; so no offset in the file changes. `BadPackage` unless the library needs exactly one such
    library and at least one other.
    """
    found = needs(data)
    unwanted = [need for need in found if need.name.startswith(prefix)]
    others = [need for need in found if need not in unwanted]
    if len(unwanted) != 1 or not others:
        names = ", ".join(need.name for need in found)
        raise BadPackage(f"Expected a library that needs one {prefix}* and others, got: {names}.")
    position = unwanted[0].position
    return data[:position] + VALUE.pack(others[-1].offset) + data[position + VALUE.size :]


def with_weak_symbols(data: bytes, prefix: str) -> bytes:
    """Return a library that loads without the functions whose names begin with `prefix`.

    A call of such a function crashes, because its address is 0. `BadPackage` if the library calls
    none of them.
    """
    strings, symbols = _table(data, STRINGS), _table(data, SYMBOLS)
    changed = bytearray(data)
    for number in _relocated(data):
        at = symbols + number * SYMBOL.size
        name, info, *_ = SYMBOL.unpack_from(data, at)
        if _text(data, strings + name).startswith(prefix):
            changed[at + 4] = WEAK << 4 | info & 0xF
    if changed == data:
        raise BadPackage(f"Expected a library that calls {prefix}*, got one that does not.")
    return bytes(changed)


def _relocated(data: bytes) -> set[int]:
    """Return the index of every symbol that the loader resolves."""
    found = set()
    values = {tag: value for _, tag, value in _dynamic(data)}
    for table, size in RELOCATIONS:
        if table in values:
            start = _file_offset(data, values[table])
            for at in range(start, start + values[size], RELOCATION.size):
                _, info, _ = RELOCATION.unpack_from(data, at)
                found.add(info >> 32)
    return found - {0}


def _table(data: bytes, wanted: int) -> int:
    """Return the file offset of the table whose tag in the dynamic section is `wanted`."""
    return _file_offset(data, next(value for _, tag, value in _dynamic(data) if tag == wanted))


def _segments(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield the kind, offset, address and size in the file of each segment."""
    (start,) = VALUE.unpack_from(data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(count):
        kind, _, offset, address, _, length, _, _ = SEGMENT.unpack_from(data, start + at * size)
        yield kind, offset, address, length


def _dynamic(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the position, tag and value of each entry of the dynamic section."""
    for kind, offset, _, length in _segments(data):
        if kind != DYNAMIC:
            continue
        for position in range(offset, offset + length, ENTRY.size):
            tag, value = ENTRY.unpack_from(data, position)
            if tag == END:
                return
            yield position, tag, value


def _file_offset(data: bytes, wanted: int) -> int:
    for kind, offset, address, length in _segments(data):
        if kind == LOADED and address <= wanted < address + length:
            return wanted - address + offset
    raise BadPackage(f"Expected the address {wanted:#x} in a segment, got none.")


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
