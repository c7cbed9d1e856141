import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.tiff import refuse_what_libvips_gets_wrong
from shared.model.errors import TooCostly, Truncated, UnsupportedFormat
from tests.support import images
from tests.support import images_by_hand as by_hand

pytestmark = pytest.mark.unit

BODY = bytes(range(256)) * 3
WHOLE = {
    "little-endian": by_hand.tiff(BODY),
    "big-endian": by_hand.tiff(BODY, order=">"),
    "big": images.saved(images.plain((1, 2, 3)), "TIFF", big_tiff=True),
    "packed": images.saved(images.plain((1, 2, 3)), "TIFF", compression="tiff_lzw"),
}


def with_thumbnail(photometric: int, order: str = "<") -> bytes:
    """Return a raw file as cameras write it: a thumbnail first, the sensor's pixels below."""
    below = struct.pack(f"{order}HHHIHHI", 1, 262, 3, 1, photometric, 0, 0)
    start = len(by_hand.tiff(BODY, {254: (4, (1,)), 330: (4, (0,))}, order=order))
    return by_hand.tiff(BODY, {254: (4, (1,)), 330: (4, (start,))}, order=order) + below


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_complete_tiff_is_accepted(data: bytes) -> None:
    refuse_what_libvips_gets_wrong(data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [32803, 34892], ids=["mosaic", "linear"])
def test_a_raw_file_is_recognised_by_its_subdirectory(photometric: int, order: str) -> None:
    with pytest.raises(UnsupportedFormat, match="raw file"):
        refuse_what_libvips_gets_wrong(with_thumbnail(photometric, order))


def test_a_smaller_copy_in_a_subdirectory_is_not_a_raw_file() -> None:
    refuse_what_libvips_gets_wrong(with_thumbnail(2))


def test_a_missing_subdirectory_is_not_truncation() -> None:
    refuse_what_libvips_gets_wrong(by_hand.tiff(BODY, {330: (4, (9_999_999,))}))


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_file_cut_anywhere_after_its_magic_number_is_truncated(data: bytes) -> None:
    for kept in range(16, len(data) - 4, 31):
        with pytest.raises(Truncated):
            refuse_what_libvips_gets_wrong(data[:kept])


@pytest.mark.parametrize("kind", ["little-endian", "big-endian", "big"])
def test_more_strips_than_are_counted_are_too_costly(kind: str) -> None:
    order = ">" if kind == "big-endian" else "<"
    value = struct.Struct(f"{order}Q" if kind == "big" else f"{order}I")
    changed = bytearray(WHOLE[kind])
    for tag, new in ((257, 2**31), (278, 1)):  # the height, and the rows of a strip
        entry = changed.index(struct.pack(f"{order}H", tag), 8)
        struct.pack_into(f"{order}H", changed, entry + 2, 4)
        value.pack_into(changed, entry + (12 if kind == "big" else 8), new)

    with pytest.raises(TooCostly, match="strips"):
        refuse_what_libvips_gets_wrong(bytes(changed))


@given(st.sampled_from([*WHOLE.values(), with_thumbnail(2)]), st.data())
def test_any_bytes_pass_or_are_refused(whole: bytes, data: st.DataObject) -> None:
    changed = bytearray(whole)
    for at in data.draw(st.lists(st.integers(4, min(len(whole), 300) - 1), max_size=8)):
        changed[at] = data.draw(st.integers(0, 255))

    try:
        refuse_what_libvips_gets_wrong(bytes(changed))
    except (TooCostly, Truncated, UnsupportedFormat) as refused:
        assert refused.detail.startswith("Expected ")  # noqa: PT017 - either end is right


@pytest.mark.timeout(10)
def test_hostile_counts_are_read_in_a_short_time() -> None:
    many = by_hand.tiff(BODY, {330: (4, [8] * 200_000)})

    refuse_what_libvips_gets_wrong(many)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("at", [2**62, 2**63, 2**64 - 1])
def test_an_offset_beyond_the_address_space_is_truncation(order: str, at: int) -> None:
    magic = {"<": b"II+\0", ">": b"MM\0+"}[order] + struct.pack(f"{order}HH", 8, 0)
    many_bits = struct.pack(f"{order}QHHQQ", 1, 258, 3, 5, at)

    for data in (
        magic + struct.pack(f"{order}Q", at) + bytes(64),
        magic + struct.pack(f"{order}Q", 16) + many_bits + bytes(8),
    ):
        with pytest.raises(Truncated):
            refuse_what_libvips_gets_wrong(data)
