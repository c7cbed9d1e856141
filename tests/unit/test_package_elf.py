import struct

import pytest

from scripts.package.elf import is_elf, needs, with_weak_symbols, without_need
from scripts.package.problem import BadPackage

pytestmark = pytest.mark.unit

BASE = 0x10000  # where the file's bytes are in memory
STRONG_FUNCTION, WEAK_FUNCTION = 0x12, 0x22


def library(*needed: str, calls: tuple[str, ...] = ()) -> bytes:
    """Return a library of two segments: the whole file, and its dynamic section."""
    text = b"\0" + b"".join(name.encode() + b"\0" for name in (*needed, *calls))
    strings = 64 + 2 * 56
    symbols = strings + len(text)
    relocations = symbols + 24 * (1 + len(calls))
    dynamic = relocations + 24 * len(calls)
    entries = [(1, text.index(name.encode())) for name in needed]
    entries += [(5, BASE + strings), (6, BASE + symbols)]
    entries += [(23, BASE + relocations), (2, 24 * len(calls)), (0, 0)]
    end = dynamic + 16 * len(entries)
    header = struct.pack("<4sBB10x16xQ14xHH4x", b"\x7fELF", 2, 1, 64, 56, 2).ljust(64, b"\0")
    table = bytes(24) + b"".join(
        struct.pack("<IBBHQQ", text.index(name.encode()), STRONG_FUNCTION, 0, 0, 0, 0)
        for name in calls
    )
    return b"".join(
        (
            header,
            struct.pack("<IIQQQQQQ", 1, 0, 0, BASE, 0, end, end, 0),
            struct.pack("<IIQQQQQQ", 2, 0, dynamic, BASE + dynamic, 0, end - dynamic, 0, 0),
            text,
            table,
            *(struct.pack("<QQq", 0, at + 1 << 32 | 7, 0) for at in range(len(calls))),
            *(struct.pack("<qQ", *entry) for entry in entries),
        )
    )


def bindings(data: bytes, calls: tuple[str, ...]) -> dict[str, int]:
    """Return how each called function is bound, as its symbol says."""
    start = data.rindex(calls[-1].encode() + b"\0") + len(calls[-1]) + 1 + 24
    return {name: data[start + 24 * at + 4] for at, name in enumerate(calls)}


def test_needed_libraries_are_read_in_order() -> None:
    data = library("libheif.so.1", "libc.so.6")

    named = [need.name for need in needs(data)]

    assert is_elf(data)
    assert named == ["libheif.so.1", "libc.so.6"]


def test_a_needed_library_is_replaced_and_nothing_else_changes() -> None:
    data = library("libx265-1.so", "libm.so.6", "libc.so.6")

    changed = without_need(data, "libx265")

    assert [need.name for need in needs(changed)] == ["libc.so.6", "libm.so.6", "libc.so.6"]
    assert sum(old != new for old, new in zip(data, changed, strict=True)) <= 8


@pytest.mark.parametrize(
    "needed", [("libc.so.6",), ("libx265.so",), ("libx265.a", "libx265.b", "libc.so.6")]
)
def test_a_library_with_other_needs_is_refused(needed: tuple[str, ...]) -> None:
    data = library(*needed)

    with pytest.raises(BadPackage, match="libx265"):
        without_need(data, "libx265")


def test_only_functions_of_the_prefix_become_weak() -> None:
    calls = ("x265_api_get", "memcpy", "x265_cleanup")
    data = library("libc.so.6", calls=calls)

    changed = with_weak_symbols(data, "x265_")

    assert set(bindings(data, calls).values()) == {STRONG_FUNCTION}
    assert bindings(changed, calls) == {
        "x265_api_get": WEAK_FUNCTION,
        "memcpy": STRONG_FUNCTION,
        "x265_cleanup": WEAK_FUNCTION,
    }


def test_a_library_that_calls_no_such_function_is_refused() -> None:
    data = library("libc.so.6", calls=("memcpy",))

    with pytest.raises(BadPackage, match="x265_"):
        with_weak_symbols(data, "x265_")
